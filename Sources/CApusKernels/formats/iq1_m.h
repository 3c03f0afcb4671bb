// IQ1_M: 256 weights in 56 bytes, 16 sub-blocks of 16. weight = d * (2 * scale + 1) * (grid[index] +- 1/8), 8 for an
// index. Index l of all 32: byte l of `low`, and three bits of nibble l of `high` as the upper ones; the nibble's fourth
// bit makes it -1/8. The scale of sub-block 4n + i is at bit 3i of `scales`[n], and the upper four bits of the numbers
// are d, lowest first. The codes are eight times the weights: grid[index] as -8, 0, 8, and +-1.
#include "grids.h"

typedef struct {
  uint8_t low[32];
  uint8_t high[16];
  uint16_t scales[4];
} apus_iq1_m;
_Static_assert(sizeof(apus_iq1_m) == 56, "IQ1_M quant block");

static inline apus_f16 apus_d_iq1_m(const apus_iq1_m *b) {
  return (apus_f16)(b->scales[0] >> 12 | (b->scales[1] >> 12) << 4 | (b->scales[2] >> 12) << 8 |
                    (b->scales[3] >> 12) << 12);
}

static inline void apus_decode_block_iq1_m(const apus_iq1_m *b, float *w) {
  float d = apus_f16_to_float(apus_d_iq1_m(b));
  for (int i = 0; i < 256; i++) {
    int scale = b->scales[i / 64] >> (3 * (i / 16 % 4)) & 7, high = b->high[i / 16] >> (i / 8 % 2 * 4) & 15;
    uint64_t entry = apus_grid_iq1[b->low[i / 8] | (high & 7) << 8];
    int code = apus_grid_byte(entry, i % 8) - APUS_MIDDLE_IQ1 + (high >> 3 ? -1 : 1);
    w[i] = d * (float)(2 * scale + 1) * ((float)code / 8);
  }
}

static inline int apus_is_finite_iq1_m(const apus_iq1_m *b) { return apus_f16_is_finite(apus_d_iq1_m(b)); }

#ifdef APUS_SIMD
enum { groups_iq1_m = 8, strip_iq1_m = 1, span_iq1_m = 8, few_iq1_m = 1, bits_iq1_m = 5, subtract_iq1_m = 16 };
SIMD void scales_iq1_m(block_rows b, sub_scales *u) {
  vq end[4]; // the last eight bytes of `high`, `scales`
  vq_bytes_at(b, sizeof(apus_iq1_m) - 16, LANES, end);
  const vi low = vi_or(vi_place(end[2], 12, 4, 0), vi_place(end[2], 28, 4, 4));
  const vi high = vi_or(vi_place(end[3], 12, 4, 8), vi_place(end[3], 28, 4, 12));
  u->d = vf_mul(vf_half_pairs(vq_from_vi(vi_or(low, high)), &u->dmin), vf_splat(0.125f));
  UNROLL for (int j = 0; j < 4; j++) {
    const vq words = end[2 + j / 2];
    const int at = 16 * (j % 2);
    const vi first = vi_or(vi_place(words, at, 3, 0), vi_place(words, at + 3, 3, 8));
    const vi second = vi_or(vi_place(words, at + 6, 3, 16), vi_place(words, at + 9, 3, 24));
    u->scale[j] = odd_scales(vq_from_vi(vi_or(first, second)));
  }
}
SIMD int codes_iq1_m(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  const int at = 16 * (g % 2) + 8 * half;
  vq low[4], high[4];
  vq_bytes_at(b, offsetof(apus_iq1_m, low) + 16 * (g / 4), LANES, low);
  vq_bytes_at(b, offsetof(apus_iq1_m, high), LANES, high);
  UNROLL for (int l = 0; l < 2; l++) {
    const vi upper = vi_place(high[g / 2], at + 4 * l, 3, 8);
    const vq shift = minus_where(high[g / 2], at + 4 * l + 3);
    vq_gather_eights(apus_grid_iq1, vi_or(vi_field(low[g % 4], 16 * half + 8 * l, 8), upper), codes + 2 * l);
    UNROLL for (int j = 0; j < 2; j++) codes[2 * l + j] = vq_sum(codes[2 * l + j], shift);
  }
  return 0;
}
#endif
