// IQ2_XXS: 256 weights in 66 bytes, 8 sub-blocks of 32. weight = d * (scale + 1/2) / 4 * grid[index] * sign, 8 for an
// index. A sub-block has four indices, then a number of 32 bits: seven signs for index l at bit 7l (the eighth makes
// their number even), and the scale in its upper four bits.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint16_t codes[32];
} apus_iq2_xxs;
_Static_assert(sizeof(apus_iq2_xxs) == 66, "IQ2_XXS quant block");

static inline void apus_decode_block_iq2_xxs(const apus_iq2_xxs *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    const uint16_t *codes = b->codes + i / 32 * 4;
    uint32_t bits = codes[2] | (uint32_t)codes[3] << 16, signs = apus_even_signs(bits >> (7 * (i / 8 % 4)) & 127);
    int index = codes[i / 16 % 2] >> (i / 8 % 2 * 8) & 255;
    float size = (float)(apus_grid_byte(apus_grid_iq2_xxs[index], i % 8) - APUS_MIDDLE_IQ2);
    w[i] = d * ((float)(bits >> 28) + 0.5f) * 0.25f * size * apus_sign(signs, i % 8);
  }
}

static inline int apus_is_finite_iq2_xxs(const apus_iq2_xxs *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq2_xxs = 8, strip_iq2_xxs = 1, span_iq2_xxs = 2, few_iq2_xxs = 1, bits_iq2_xxs = 7, subtract_iq2_xxs = 64 };
SIMD void scales_iq2_xxs(block_rows b, scales *u) {
  const vf d = vf_mul(vf_halves_at(b, offsetof(apus_iq2_xxs, d)), vf_splat(0.125f));
  UNROLL for (int g = 0; g < 8; g += 2) {
    vq words[4];
    vq_bytes_at(b, offsetof(apus_iq2_xxs, codes) + 8 * g, LANES, words);
    UNROLL for (int i = 0; i < 2; i++)
      u->scale[g + i] = vf_mul(d, vf_from_vi(vi_add(vi_place(words[2 * i + 1], 28, 4, 1), 1)));
  }
}
SIMD int codes_iq2_xxs(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq words[4];
  vq_bytes_at(b, offsetof(apus_iq2_xxs, codes) + 8 * first, LANES, words);
  UNROLL for (int l = 0; l < 2; l++)
    vq_gather_eights(apus_grid_iq2_xxs, vi_field(words[2 * g], 16 * half + 8 * l, 8), codes + 2 * l);
  vq_mirror(signs_of_sevens(words[2 * g + 1]), half, APUS_MIDDLE_IQ2, codes);
  return 0;
}
#endif
