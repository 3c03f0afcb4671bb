// IQ3_S: 256 weights in 110 bytes, 8 sub-blocks of 32. weight = d * (2 * scale + 1) * grid[index] * sign, 4 for an index.
// Index i of all 64: byte i of `low`, and bit i of `high` as the ninth. Bit i of `signs` is the sign of weight i. The
// scale of sub-block s is nibble s of `scales`.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint8_t low[64];
  uint8_t high[8];
  uint8_t signs[32];
  uint8_t scales[4];
} apus_iq3_s;
_Static_assert(sizeof(apus_iq3_s) == 110, "IQ3_S quant block");

static inline void apus_decode_block_iq3_s(const apus_iq3_s *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    float scale = (float)(2 * (b->scales[i / 64] >> (i / 32 % 2 * 4) & 15) + 1);
    uint64_t entry = apus_grid_iq3_s[b->low[i / 4] | (b->high[i / 32] >> (i / 4 % 8) & 1) << 8];
    w[i] = d * scale * (float)(apus_grid_byte(entry, i % 4) - APUS_MIDDLE_IQ3_S) * apus_sign(b->signs[i / 8], i % 8);
  }
}

static inline int apus_is_finite_iq3_s(const apus_iq3_s *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq3_s = 8, strip_iq3_s = 1, span_iq3_s = 4, few_iq3_s = 1, bits_iq3_s = 5, subtract_iq3_s = 16 };
SIMD void scales_iq3_s(block_rows b, scales *u) {
  const vf d = vf_halves_at(b, offsetof(apus_iq3_s, d));
  const vq packed = vq_words_at(b, offsetof(apus_iq3_s, scales));
  UNROLL for (int g = 0; g < 8; g++)
    u->scale[g] = vf_mul(d, vf_from_vi(vi_add(vi_place(packed, 4 * g, 4, 1), 1)));
}
SIMD int codes_iq3_s(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq low[4], signs[4];
  vq_bytes_at(b, offsetof(apus_iq3_s, low) + 8 * first + 16 * (g / 2), LANES, low);
  vq_bytes_at(b, offsetof(apus_iq3_s, signs) + 4 * first, LANES, signs);
  const vq high = vq_words_at(b, offsetof(apus_iq3_s, high) + first);
  UNROLL for (int j = 0; j < 4; j++) {
    const vi ninth = vi_place(high, 8 * g + 4 * half + j, 1, 8);
    codes[j] = vq_gather_fours(apus_grid_iq3_s, vi_or(vi_field(low[g % 2 * 2 + half], 8 * j, 8), ninth));
  }
  vq_mirror(signs[g], half, APUS_MIDDLE_IQ3_S, codes);
  return 0;
}
#endif
