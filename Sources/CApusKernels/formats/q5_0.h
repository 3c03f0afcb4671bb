// Q5_0: 32 weights in 22 bytes. weight = d * (code - 16), code 0...31.
// Low four bits as in Q4_0; the fifth bit of weight j is bit j of `high`.
typedef struct {
  apus_f16 d;
  uint8_t high[4];
  uint8_t codes[16];
} apus_q5_0;
_Static_assert(sizeof(apus_q5_0) == 22, "Q5_0 quant block");

static inline void apus_decode_block_q5_0(const apus_q5_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int j = 0; j < 16; j++) {
    int first = (b->codes[j] & 15) | (b->high[j / 8] >> (j % 8) & 1) << 4;
    int second = b->codes[j] >> 4 | (b->high[2 + j / 8] >> (j % 8) & 1) << 4;
    w[j] = (float)(first - 16) * d;
    w[j + 16] = (float)(second - 16) * d;
  }
}

static inline int apus_is_finite_q5_0(const apus_q5_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q5_0 = 1, strip_q5_0 = 8, span_q5_0 = 1, few_q5_0 = TOKENS, bits_q5_0 = 5, subtract_q5_0 = 16 };
SIMD void scales_q5_0(block_rows b, scales *u) {
  u->scale[0] = vf_halves_at(b, offsetof(apus_q5_0, d));
}
SIMD int codes_q5_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_nibbles_at(b, offsetof(apus_q5_0, codes), half, moved_down(LAYOUT), codes);
  const vq high = vq_words_at(b, offsetof(apus_q5_0, high));
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_or(codes[j], vq_bits(high, 4 * half + j, LAYOUT, 16));
  return 0;
}
#endif
