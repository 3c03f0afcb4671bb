// IQ2_XS: 256 weights in 74 bytes, 16 sub-blocks of 16. weight = d * (scale + 1/2) / 4 * grid[index] * sign, 8 for an
// index. A number of 16 bits has an index of nine, and seven signs above it (the eighth makes their number even). The
// scale of sub-block s is nibble s of `scales`.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint16_t codes[32];
  uint8_t scales[8];
} apus_iq2_xs;
_Static_assert(sizeof(apus_iq2_xs) == 74, "IQ2_XS quant block");

static inline void apus_decode_block_iq2_xs(const apus_iq2_xs *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    float scale = (float)(b->scales[i / 32] >> (i / 16 % 2 * 4) & 15) + 0.5f;
    uint64_t entry = apus_grid_iq2_xs[b->codes[i / 8] & 511];
    float size = (float)(apus_grid_byte(entry, i % 8) - APUS_MIDDLE_IQ2);
    w[i] = d * scale * 0.25f * size * apus_sign(apus_even_signs(b->codes[i / 8] >> 9), i % 8);
  }
}

static inline int apus_is_finite_iq2_xs(const apus_iq2_xs *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq2_xs = 8, strip_iq2_xs = 1, span_iq2_xs = 2, few_iq2_xs = 1, bits_iq2_xs = 7, subtract_iq2_xs = 64 };
SIMD void scales_iq2_xs(block_rows b, sub_scales *u) {
  vq end[4];
  vq_bytes_at(b, sizeof(apus_iq2_xs) - 16, LANES, end);
  u->d = u->dmin = vf_mul(vf_halves_at(b, offsetof(apus_iq2_xs, d)), vf_splat(0.125f));
  UNROLL for (int j = 0; j < 4; j++) u->scale[j] = odd_scales(nibbles_apart(end[2 + j / 2], j % 2));
}
SIMD int codes_iq2_xs(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq words[4];
  vq_bytes_at(b, offsetof(apus_iq2_xs, codes) + 8 * first, LANES, words);
  UNROLL for (int l = 0; l < 2; l++)
    vq_gather_eights(apus_grid_iq2_xs, vi_field(words[2 * g + half], 16 * l, 9), codes + 2 * l);
  vi sevens[2];
  UNROLL for (int i = 0; i < 2; i++)
    sevens[i] = vi_or(vi_place(words[2 * g + i], 9, 7, 16 * i), vi_place(words[2 * g + i], 25, 7, 16 * i + 8));
  vq_mirror(even_signs(vq_from_vi(vi_or(sevens[0], sevens[1]))), half, APUS_MIDDLE_IQ2, codes);
  return 0;
}
#endif
