// IQ4_NL: 32 weights in 18 bytes. weight = d * table[code], code 0...15, laid out as Q4_0.
#include "iq4_table.h"

typedef struct {
  apus_f16 d;
  uint8_t codes[16];
} apus_iq4_nl;
_Static_assert(sizeof(apus_iq4_nl) == 18, "IQ4_NL quant block");

static inline void apus_decode_block_iq4_nl(const apus_iq4_nl *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int j = 0; j < 16; j++) {
    w[j] = d * (float)apus_iq4_values[b->codes[j] & 15];
    w[j + 16] = d * (float)apus_iq4_values[b->codes[j] >> 4];
  }
}

static inline int apus_is_finite_iq4_nl(const apus_iq4_nl *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_iq4_nl = 1, is_signed_iq4_nl = 1, mins_iq4_nl = MIN_NONE };
SIMD void unpack_iq4_nl(const apus_iq4_nl *b, unit *u) { u->scale = f8_splat_f16(&b->d); }
SIMD v32 codes_iq4_nl(const apus_iq4_nl *b, int group) {
  return v32_lookup(apus_iq4_values, v32_load_nibbles(b->codes));
}
SIMD f8 scale_iq4_nl(const unit *u, int group) { return u->scale; }
#endif
