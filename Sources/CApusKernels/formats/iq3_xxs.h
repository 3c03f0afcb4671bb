// IQ3_XXS: 256 weights in 98 bytes, 8 sub-blocks of 32. weight = d * (scale + 1/2) / 2 * grid[index] * sign, 4 for an
// index. A sub-block has eight indices in `codes`, and a number of 32 bits in `signs`: seven signs for its weights from
// 8l on at bit 7l (the eighth makes their number even), and the scale in its upper four bits.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint8_t codes[64];
  uint8_t signs[32];
} apus_iq3_xxs;
_Static_assert(sizeof(apus_iq3_xxs) == 98, "IQ3_XXS quant block");

static inline void apus_decode_block_iq3_xxs(const apus_iq3_xxs *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    uint32_t bits, signs;
    memcpy(&bits, b->signs + i / 32 * 4, 4);
    signs = apus_even_signs(bits >> (7 * (i / 8 % 4)) & 127);
    float size = (float)(apus_grid_byte(apus_grid_iq3_xxs[b->codes[i / 4]], i % 4) - APUS_MIDDLE_IQ3_XXS);
    w[i] = d * ((float)(bits >> 28) + 0.5f) * 0.5f * size * apus_sign(signs, i % 8);
  }
}

static inline int apus_is_finite_iq3_xxs(const apus_iq3_xxs *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq3_xxs = 8, strip_iq3_xxs = 1, span_iq3_xxs = 4, few_iq3_xxs = 1, bits_iq3_xxs = 7, subtract_iq3_xxs = 64 };
SIMD void scales_iq3_xxs(block_rows b, scales *u) {
  const vf d = vf_mul(vf_halves_at(b, offsetof(apus_iq3_xxs, d)), vf_splat(0.25f));
  UNROLL for (int g = 0; g < 8; g += 4) {
    vq signs[4];
    vq_bytes_at(b, offsetof(apus_iq3_xxs, signs) + 4 * g, LANES, signs);
    UNROLL for (int i = 0; i < 4; i++)
      u->scale[g + i] = vf_mul(d, vf_from_vi(vi_add(vi_place(signs[i], 28, 4, 1), 1)));
  }
}
SIMD int codes_iq3_xxs(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq indices[4], signs[4];
  vq_bytes_at(b, offsetof(apus_iq3_xxs, codes) + 8 * first + 16 * (g / 2), LANES, indices);
  vq_bytes_at(b, offsetof(apus_iq3_xxs, signs) + 4 * first, LANES, signs);
  UNROLL for (int j = 0; j < 4; j++)
    codes[j] = vq_gather_fours(apus_grid_iq3_xxs, vi_field(indices[g % 2 * 2 + half], 8 * j, 8));
  vq_mirror(signs_of_sevens(signs[g]), half, APUS_MIDDLE_IQ3_XXS, codes);
  return 0;
}
#endif
