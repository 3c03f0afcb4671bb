// MXFP4: 32 weights in 17 bytes. weight = 2^(e - 127) / 2 * table[code], code 0...15, laid out as Q4_0.
#include "fp4_table.h"

typedef struct {
  uint8_t e;
  uint8_t codes[16];
} apus_mxfp4;
_Static_assert(sizeof(apus_mxfp4) == 17, "MXFP4 quant block");

static inline void apus_decode_block_mxfp4(const apus_mxfp4 *b, float *w) {
  float half = apus_bits_to_float(b->e < 2 ? 0x200000u << b->e : (uint32_t)(b->e - 1) << 23);
  for (int j = 0; j < 16; j++) {
    w[j] = half * (float)apus_fp4_values[b->codes[j] & 15];
    w[j + 16] = half * (float)apus_fp4_values[b->codes[j] >> 4];
  }
}

// The largest weight is 6 * 2^(e - 127); the specification has NaN for e = 255.
static inline int apus_is_finite_mxfp4(const apus_mxfp4 *b) { return b->e <= 252; }

#ifdef APUS_SIMD
enum { groups_mxfp4 = 1, strip_mxfp4 = 1, span_mxfp4 = 1, few_mxfp4 = TOKENS, bits_mxfp4 = 5, subtract_mxfp4 = 16 };
SIMD void scales_mxfp4(block_rows b, scales *u) {
  // Half of 2^(e - 127). e = 0, which blocks of zeros have, counts as zero: a number as small as 2^-128 would take a
  // hundred cycles in every product.
  const vi e = vi_field(vq_words_at(b, offsetof(apus_mxfp4, e)), 0, 8);
  u->scale[0] = vf_mul(vf_from_bits(vi_shl(e, 23)), vf_splat(0.5f));
}
SIMD int codes_mxfp4(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_nibbles_at(b, offsetof(apus_mxfp4, codes), half, moved_down(LAYOUT), codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_lookup(apus_fp4_above, codes[j]);
  return 0;
}
#endif
