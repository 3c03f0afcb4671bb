// IQ2_S: 256 weights in 82 bytes, 16 sub-blocks of 16. weight = d * (scale + 1/2) / 4 * grid[index] * sign, 8 for an
// index. Index l of all 32: byte l of `low`, and bits 2l...2l+1 of `high` as the upper two. Byte l of `signs` has the
// signs of its weights. The scale of sub-block s is nibble s of `scales`.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint8_t low[32];
  uint8_t signs[32];
  uint8_t high[8];
  uint8_t scales[8];
} apus_iq2_s;
_Static_assert(sizeof(apus_iq2_s) == 82, "IQ2_S quant block");

static inline void apus_decode_block_iq2_s(const apus_iq2_s *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    float scale = (float)(b->scales[i / 32] >> (i / 16 % 2 * 4) & 15) + 0.5f;
    uint64_t entry = apus_grid_iq2_s[b->low[i / 8] | (b->high[i / 32] >> (i / 8 % 4 * 2) & 3) << 8];
    float size = (float)(apus_grid_byte(entry, i % 8) - APUS_MIDDLE_IQ2);
    w[i] = d * scale * 0.25f * size * apus_sign(b->signs[i / 8], i % 8);
  }
}

static inline int apus_is_finite_iq2_s(const apus_iq2_s *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq2_s = 8, strip_iq2_s = 1, span_iq2_s = 4, few_iq2_s = 1, bits_iq2_s = 7, subtract_iq2_s = 64 };
SIMD void scales_iq2_s(block_rows b, sub_scales *u) {
  vq end[4]; // `high`, `scales`
  vq_bytes_at(b, offsetof(apus_iq2_s, high), LANES, end);
  u->d = u->dmin = vf_mul(vf_halves_at(b, offsetof(apus_iq2_s, d)), vf_splat(0.125f));
  UNROLL for (int j = 0; j < 4; j++) u->scale[j] = odd_scales(nibbles_apart(end[2 + j / 2], j % 2));
}
SIMD int codes_iq2_s(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq low[4], signs[4];
  vq_bytes_at(b, offsetof(apus_iq2_s, low) + 4 * first, LANES, low);
  vq_bytes_at(b, offsetof(apus_iq2_s, signs) + 4 * first, LANES, signs);
  const vq high = vq_words_at(b, offsetof(apus_iq2_s, high) + first);
  UNROLL for (int l = 0; l < 2; l++) {
    const vi upper = vi_place(high, 8 * g + 4 * half + 2 * l, 2, 8);
    vq_gather_eights(apus_grid_iq2_s, vi_or(vi_field(low[g], 16 * half + 8 * l, 8), upper), codes + 2 * l);
  }
  vq_mirror(signs[g], half, APUS_MIDDLE_IQ2, codes);
  return 0;
}
#endif
