// IQ4_XS: 256 weights in 136 bytes, 8 sub-blocks of 32 laid out as Q4_0. weight = d * (scale - 32) * table[code].
// Scale i has six bits: the low four in nibble i of `scales_low`, the upper two at bits 2i, 2i+1 of `scales_high`.
#include "iq4_table.h"

typedef struct {
  apus_f16 d;
  uint16_t scales_high;
  uint8_t scales_low[4];
  uint8_t codes[128];
} apus_iq4_xs;
_Static_assert(sizeof(apus_iq4_xs) == 136, "IQ4_XS quant block");

static inline int apus_scale_iq4_xs(const apus_iq4_xs *b, int group) {
  int low = b->scales_low[group / 2] >> (group % 2 * 4) & 15;
  return (low | (b->scales_high >> (2 * group) & 3) << 4) - 32;
}

static inline void apus_decode_block_iq4_xs(const apus_iq4_xs *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int group = 0; group < 8; group++) {
    float scale = d * (float)apus_scale_iq4_xs(b, group);
    for (int j = 0; j < 16; j++) {
      w[32 * group + j] = scale * (float)apus_iq4_values[b->codes[16 * group + j] & 15];
      w[32 * group + 16 + j] = scale * (float)apus_iq4_values[b->codes[16 * group + j] >> 4];
    }
  }
}

static inline int apus_is_finite_iq4_xs(const apus_iq4_xs *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq4_xs = 8, strip_iq4_xs = 1, span_iq4_xs = 1, few_iq4_xs = TOKENS, bits_iq4_xs = 8, subtract_iq4_xs = NOTHING };
SIMD void scales_iq4_xs(block_rows b, scales *u) {
  vq header[4]; // d and the upper bits of the scales, the lower bits, eight bytes of codes
  vq_bytes_at(b, 0, LANES, header);
  vq high = header[0], low = header[1];
  vf upper, d = vf_half_pairs(high, &upper);
  UNROLL for (int g = 0; g < 8; g++) {
    vi scale = vi_or(vi_field(low, 4 * g, 4), vi_shl(vi_field(high, 16 + 2 * g, 2), 4));
    u->scale[g] = vf_mul(d, vf_from_vi(vi_add(scale, -32)));
  }
}
SIMD int codes_iq4_xs(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_nibbles_at(b, offsetof(apus_iq4_xs, codes) + 16 * (first + g), half, moved_down(LAYOUT), codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_lookup(SIGNED_ABOVE ? apus_iq4_above : apus_iq4_values, codes[j]);
  return 0;
}
#endif
