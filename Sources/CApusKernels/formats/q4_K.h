// Q4_K: 256 weights in 144 bytes, 8 sub-blocks of 32. weight = d * scale * code - dmin * min, code 0...15.
// Scales and mins: k_scales.h. Byte l of the 32 code bytes of pair p holds the low four bits of weight 64p + l
// (low nibble) and 64p + 32 + l (high nibble).
#include "k_scales.h"

typedef struct {
  apus_f16 d;
  apus_f16 dmin;
  uint8_t scales[12];
  uint8_t codes[128];
} apus_q4_K;
_Static_assert(sizeof(apus_q4_K) == 144, "Q4_K quant block");

static inline void apus_decode_block_q4_K(const apus_q4_K *b, float *w) {
  float d = apus_f16_to_float(b->d), dmin = apus_f16_to_float(b->dmin);
  uint8_t scales[8], mins[8];
  apus_k_scales(b->scales, scales, mins);
  for (int i = 0; i < 256; i++) {
    int group = i / 32;
    int code = b->codes[32 * (group / 2) + i % 32] >> (4 * (group % 2)) & 15;
    float scale = d * (float)scales[group], min = dmin * (float)mins[group];
    w[i] = scale * (float)code - min;
  }
}

static inline int apus_is_finite_q4_K(const apus_q4_K *b) {
  return apus_f16_is_finite(b->d) && apus_f16_is_finite(b->dmin);
}

#ifdef APUS_SIMD
enum { groups_q4_K = 8, strip_q4_K = 1, span_q4_K = 2, few_q4_K = TOKENS, bits_q4_K = 4, subtract_q4_K = MINS };
SIMD void scales_q4_K(block_rows b, scales *u) {
  unpack_k_scales(b, u);
}
SIMD int codes_q4_K(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_bytes_at(b, offsetof(apus_q4_K, codes) + 16 * first + 16 * half, LAYOUT, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_field(codes[j], 4 * g, 4, LAYOUT);
  return place_of(4 * g, LAYOUT);
}
#endif
