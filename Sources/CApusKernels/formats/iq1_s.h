// IQ1_S: 256 weights in 50 bytes, 8 sub-blocks of 32. weight = d * (2 * scale + 1) * (grid[index] +- 1/8), 8 for an index.
// Index l of a sub-block: `low` byte l, and bits 3l...3l+2 of its number `high` as the upper three. The scale is in bits
// 12...14 of `high`; bit 15 makes it -1/8. The codes are eight times the weights: grid[index] as -8, 0, 8, and +-1.
#include "grids.h"

typedef struct {
  apus_f16 d;
  uint8_t low[32];
  uint16_t high[8];
} apus_iq1_s;
_Static_assert(sizeof(apus_iq1_s) == 50, "IQ1_S quant block");

static inline void apus_decode_block_iq1_s(const apus_iq1_s *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    int group = i / 32, eight = i / 8 % 4, high = b->high[group];
    uint64_t entry = apus_grid_iq1[b->low[i / 8] | (high >> 3 * eight & 7) << 8];
    int code = apus_grid_byte(entry, i % 8) - APUS_MIDDLE_IQ1 + (high >> 15 ? -1 : 1);
    w[i] = d * (float)(2 * (high >> 12 & 7) + 1) * ((float)code / 8);
  }
}

static inline int apus_is_finite_iq1_s(const apus_iq1_s *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq1_s = 8, strip_iq1_s = 1, span_iq1_s = 8, few_iq1_s = 1, bits_iq1_s = 5, subtract_iq1_s = 16 };
SIMD void scales_iq1_s(block_rows b, scales *u) {
  const vf d = vf_mul(vf_halves_at(b, offsetof(apus_iq1_s, d)), vf_splat(0.125f));
  vq high[4];
  vq_bytes_at(b, offsetof(apus_iq1_s, high), LANES, high);
  UNROLL for (int g = 0; g < 8; g++)
    u->scale[g] = vf_mul(d, vf_from_vi(vi_add(vi_place(high[g / 2], 16 * (g % 2) + 12, 3, 1), 1)));
}
SIMD int codes_iq1_s(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  const int at = 16 * (g % 2);
  vq low[4], high[4];
  vq_bytes_at(b, offsetof(apus_iq1_s, low) + 16 * (g / 4), LANES, low);
  vq_bytes_at(b, offsetof(apus_iq1_s, high), LANES, high);
  const vq shift = minus_where(high[g / 2], at + 15);
  UNROLL for (int l = 0; l < 2; l++) {
    const vi upper = vi_place(high[g / 2], at + 6 * half + 3 * l, 3, 8);
    vq_gather_eights(apus_grid_iq1, vi_or(vi_field(low[g % 4], 16 * half + 8 * l, 8), upper), codes + 2 * l);
  }
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_sum(codes[j], shift);
  return 0;
}
#endif
