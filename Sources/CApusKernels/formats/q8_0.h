// Q8_0: 32 weights in 34 bytes. weight = d * code, code -128...127.
typedef struct {
  apus_f16 d;
  int8_t codes[32];
} apus_q8_0;
_Static_assert(sizeof(apus_q8_0) == 34, "Q8_0 quant block");

static inline void apus_decode_block_q8_0(const apus_q8_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int j = 0; j < 32; j++)
    w[j] = (float)b->codes[j] * d;
}

static inline int apus_is_finite_q8_0(const apus_q8_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q8_0 = 1, strip_q8_0 = 8, span_q8_0 = 1, few_q8_0 = TOKENS, bits_q8_0 = 8, subtract_q8_0 = NOTHING };
SIMD void scales_q8_0(block_rows b, scales *u) {
  u->scale[0] = vf_halves_at(b, offsetof(apus_q8_0, d));
}
SIMD int codes_q8_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_bytes_at(b, offsetof(apus_q8_0, codes) + 16 * half, LAYOUT, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_add(codes[j], SIGNED_ABOVE);
  return 0;
}
#endif
