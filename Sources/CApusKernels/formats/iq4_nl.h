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
enum { groups_iq4_nl = 1, strip_iq4_nl = 8, span_iq4_nl = 1, few_iq4_nl = TOKENS, bits_iq4_nl = 8, subtract_iq4_nl = NOTHING };
SIMD void scales_iq4_nl(block_rows b, scales *u) {
  u->scale[0] = vf_halves_at(b, offsetof(apus_iq4_nl, d));
}
SIMD int codes_iq4_nl(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_nibbles_at(b, offsetof(apus_iq4_nl, codes), half, moved_down(LAYOUT), codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_lookup(SIGNED_ABOVE ? apus_iq4_above : apus_iq4_values, codes[j]);
  return 0;
}
#endif
