// Q5_K: 256 weights in 176 bytes, 8 sub-blocks of 32. weight = d * scale * code - dmin * min, code 0...31.
// Scales and mins: k_scales.h. Byte l of the 32 code bytes of pair p holds the low four bits of weight 64p + l
// (low nibble) and 64p + 32 + l (high nibble).
// The fifth bit of weight i is bit i / 32 of high[i % 32].
#include "k_scales.h"

typedef struct {
  apus_f16 d;
  apus_f16 dmin;
  uint8_t scales[12];
  uint8_t high[32];
  uint8_t codes[128];
} apus_q5_K;
_Static_assert(sizeof(apus_q5_K) == 176, "Q5_K quant block");

static inline void apus_decode_block_q5_K(const apus_q5_K *b, float *w) {
  float d = apus_f16_to_float(b->d), dmin = apus_f16_to_float(b->dmin);
  uint8_t scales[8], mins[8];
  apus_k_scales(b->scales, scales, mins);
  for (int i = 0; i < 256; i++) {
    int group = i / 32;
    int code = (b->codes[32 * (group / 2) + i % 32] >> (4 * (group % 2)) & 15) | (b->high[i % 32] >> group & 1) << 4;
    float scale = d * (float)scales[group], min = dmin * (float)mins[group];
    w[i] = scale * (float)code - min;
  }
}

static inline int apus_is_finite_q5_K(const apus_q5_K *b) {
  return apus_f16_is_finite(b->d) && apus_f16_is_finite(b->dmin);
}

#ifdef APUS_SIMD
enum { groups_q5_K = 8, strip_q5_K = 1, span_q5_K = 8, few_q5_K = TOKENS, bits_q5_K = 5, subtract_q5_K = MINS };
SIMD void scales_q5_K(block_rows b, scales *u) {
  unpack_k_scales(b, u);
}
SIMD int codes_q5_K(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  const int own = 4 * (g % 2), at = LAYOUT == IN_PLACE && own > 0 ? g % 4 : 0; // so bits of `high` move together, or stay
  vq high[4];
  vq_bytes_at(b, offsetof(apus_q5_K, codes) + 32 * (g / 2) + 16 * half, LAYOUT, codes);
  vq_bytes_at(b, offsetof(apus_q5_K, high) + 16 * half, LAYOUT, high);
  UNROLL for (int j = 0; j < 4; j++)
    codes[j] = vq_or(vq_and(vq_to_bit(codes[j], own, at), 15 << at), vq_and(vq_to_bit(high[j], g, at + 4), 16 << at));
  return at;
}
#endif
