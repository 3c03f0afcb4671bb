// Q4_1: 32 weights in 20 bytes. weight = d * code + m, code 0...15.
// Byte j holds the codes of weights j (low nibble) and j + 16 (high nibble).
typedef struct {
  apus_f16 d;
  apus_f16 m;
  uint8_t codes[16];
} apus_q4_1;
_Static_assert(sizeof(apus_q4_1) == 20, "Q4_1 quant block");

static inline void apus_decode_block_q4_1(const apus_q4_1 *b, float *w) {
  float d = apus_f16_to_float(b->d), m = apus_f16_to_float(b->m);
  for (int j = 0; j < 16; j++) {
    w[j] = (float)(b->codes[j] & 15) * d + m;
    w[j + 16] = (float)(b->codes[j] >> 4) * d + m;
  }
}

static inline int apus_is_finite_q4_1(const apus_q4_1 *b) {
  return apus_f16_is_finite(b->d) && apus_f16_is_finite(b->m);
}

#ifdef APUS_SIMD
enum { groups_q4_1 = 1, strip_q4_1 = 4, span_q4_1 = 1, few_q4_1 = TOKENS, bits_q4_1 = 4, subtract_q4_1 = MINS };
SIMD void scales_q4_1(block_rows b, scales *u) {
  u->scale[0] = vf_half_pairs(vq_words_at(b, offsetof(apus_q4_1, d)), u->min);
  u->min[0] = vf_neg(u->min[0]);
}
SIMD int codes_q4_1(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  return vq_nibbles_at(b, offsetof(apus_q4_1, codes), half, LAYOUT, codes);
}
#endif
