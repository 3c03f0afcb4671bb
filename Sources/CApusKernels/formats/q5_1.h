// Q5_1: 32 weights in 24 bytes. weight = d * code + m, code 0...31.
// Low four bits as in Q4_0; the fifth bit of weight j is bit j of `high`.
typedef struct {
  apus_f16 d;
  apus_f16 m;
  uint8_t high[4];
  uint8_t codes[16];
} apus_q5_1;
_Static_assert(sizeof(apus_q5_1) == 24, "Q5_1 quant block");

static inline void apus_decode_block_q5_1(const apus_q5_1 *b, float *w) {
  float d = apus_f16_to_float(b->d), m = apus_f16_to_float(b->m);
  for (int j = 0; j < 16; j++) {
    int first = (b->codes[j] & 15) | (b->high[j / 8] >> (j % 8) & 1) << 4;
    int second = b->codes[j] >> 4 | (b->high[2 + j / 8] >> (j % 8) & 1) << 4;
    w[j] = (float)first * d + m;
    w[j + 16] = (float)second * d + m;
  }
}

static inline int apus_is_finite_q5_1(const apus_q5_1 *b) {
  return apus_f16_is_finite(b->d) && apus_f16_is_finite(b->m);
}

#ifdef APUS_SIMD
enum { groups_q5_1 = 1, is_signed_q5_1 = 0, mins_q5_1 = MIN_PER_BLOCK };
SIMD void unpack_q5_1(const apus_q5_1 *b, unit *u) {
  u->scale = f8_splat_f16_pair(&b->d, &u->min);
  u->min = f8_mul(f8_splat(-1), u->min);
}
SIMD v32 codes_q5_1(const apus_q5_1 *b, int group) {
  return v32_or(v32_load_nibbles(b->codes), v32_and(v32_bits(b->high), 16));
}
SIMD f8 scale_q5_1(const unit *u, int group) { return u->scale; }
#endif
