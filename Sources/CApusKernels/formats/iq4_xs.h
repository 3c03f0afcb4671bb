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
enum { groups_iq4_xs = 8, is_signed_iq4_xs = 1, mins_iq4_xs = MIN_NONE };
SIMD void unpack_iq4_xs(const apus_iq4_xs *b, unit *u) {
  int8_t scales[8];
  for (int i = 0; i < 8; i++)
    scales[i] = (int8_t)apus_scale_iq4_xs(b, i);
  f8_store(u->scales, f8_mul(f8_splat_f16(&b->d), f8_from_i8(scales)));
}
SIMD v32 codes_iq4_xs(const apus_iq4_xs *b, int group) {
  return v32_lookup(apus_iq4_values, v32_load_nibbles(b->codes + 16 * group));
}
SIMD f8 scale_iq4_xs(const unit *u, int group) { return f8_splat(u->scales[group]); }
#endif
