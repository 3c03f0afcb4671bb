// Q4_0: 32 weights in 18 bytes. weight = d * (code - 8), code 0...15.
// Byte j holds the codes of weights j (low nibble) and j + 16 (high nibble).
typedef struct {
  apus_f16 d;
  uint8_t codes[16];
} apus_q4_0;
_Static_assert(sizeof(apus_q4_0) == 18, "Q4_0 quant block");

static inline void apus_decode_block_q4_0(const apus_q4_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int j = 0; j < 16; j++) {
    w[j] = (float)((b->codes[j] & 15) - 8) * d;
    w[j + 16] = (float)((b->codes[j] >> 4) - 8) * d;
  }
}

static inline int apus_is_finite_q4_0(const apus_q4_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q4_0 = 1, strip_q4_0 = 8, span_q4_0 = 1, few_q4_0 = TOKENS, bits_q4_0 = 4, subtract_q4_0 = 8 };
SIMD void scales_q4_0(block_rows b, scales *u) {
  u->scale[0] = vf_halves_at(b, offsetof(apus_q4_0, d));
}
SIMD int codes_q4_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  return vq_nibbles_at(b, offsetof(apus_q4_0, codes), half, LAYOUT, codes);
}
#endif
