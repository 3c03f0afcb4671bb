// Q2_0: 64 weights in 18 bytes. weight = d * (code - 1), code 0...3; bits 2i, 2i+1 of `codes` are that of weight i.
typedef struct {
  apus_f16 d;
  uint8_t codes[16];
} apus_q2_0;
_Static_assert(sizeof(apus_q2_0) == 18, "Q2_0 quant block");

static inline void apus_decode_block_q2_0(const apus_q2_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 64; i++)
    w[i] = d * (float)((b->codes[i / 4] >> (i % 4 * 2) & 3) - 1);
}

static inline int apus_is_finite_q2_0(const apus_q2_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q2_0 = 2, strip_q2_0 = 1, span_q2_0 = 2, few_q2_0 = 1, bits_q2_0 = 2, subtract_q2_0 = 1 };
SIMD void scales_q2_0(block_rows b, scales *u) {
  u->scale[0] = u->scale[1] = vf_halves_at(b, offsetof(apus_q2_0, d));
}
SIMD int codes_q2_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq words[4];
  vq_bytes_at(b, offsetof(apus_q2_0, codes), LANES, words);
  UNROLL for (int j = 0; j < 4; j++) {
    const vi byte = vi_field(words[2 * g + half], 8 * j, 8), pairs = vi_or(byte, vi_shl(byte, 6));
    codes[j] = vq_and(vq_from_vi(vi_or(pairs, vi_shl(pairs, 12))), 3);
  }
  return 0;
}
#endif
