// Q1_0: 128 weights in 18 bytes. weight = d where its bit is set, else -d; bit i of `codes` is that of weight i.
typedef struct {
  apus_f16 d;
  uint8_t codes[16];
} apus_q1_0;
_Static_assert(sizeof(apus_q1_0) == 18, "Q1_0 quant block");

static inline void apus_decode_block_q1_0(const apus_q1_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 128; i++)
    w[i] = b->codes[i / 8] >> (i % 8) & 1 ? d : -d;
}

static inline int apus_is_finite_q1_0(const apus_q1_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q1_0 = 4, strip_q1_0 = 1, span_q1_0 = 4, few_q1_0 = 1, bits_q1_0 = 2, subtract_q1_0 = 1 };
SIMD void scales_q1_0(block_rows b, scales *u) {
  const vf d = vf_halves_at(b, offsetof(apus_q1_0, d));
  UNROLL for (int g = 0; g < 4; g++) u->scale[g] = d;
}
SIMD int codes_q1_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq words[4];
  vq_bytes_at(b, offsetof(apus_q1_0, codes), LANES, words);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_bits(words[g], 4 * half + j, LANES, 2);
  return 0;
}
#endif
