// TQ1_0: 256 weights in 54 bytes. weight = d * (digit - 1). A byte has five digits of base three: as a fraction of 256,
// the first digit in front; times 3^n modulo 256 brings digit n to the front, which is 3 * byte >> 8 then.
// Weight 32n + j is digit n of byte j of `codes` (n < 5, j < 32), 160 + 16n + j digit n of byte 32 + j (j < 16), and
// 240 + 4n + j digit n of byte j of `last` (n < 4).
typedef struct {
  uint8_t codes[48];
  uint8_t last[4];
  apus_f16 d;
} apus_tq1_0;
_Static_assert(sizeof(apus_tq1_0) == 54, "TQ1_0 quant block");

static inline void apus_decode_block_tq1_0(const apus_tq1_0 *b, float *w) {
  static const uint8_t powers[5] = {1, 3, 9, 27, 81};
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    uint8_t byte = i < 160 ? b->codes[i % 32] : i < 240 ? b->codes[32 + i % 16] : b->last[i % 4];
    int n = i < 160 ? i / 32 : i < 240 ? (i - 160) / 16 : (i - 240) / 4;
    w[i] = d * (float)(((uint8_t)(byte * powers[n]) * 3 >> 8) - 1);
  }
}

static inline int apus_is_finite_tq1_0(const apus_tq1_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_tq1_0 = 8, strip_tq1_0 = 1, span_tq1_0 = 8, few_tq1_0 = 1, bits_tq1_0 = 2, subtract_tq1_0 = 1 };
SIMD void scales_tq1_0(block_rows b, scales *u) {
  const vf d = vf_halves_at(b, offsetof(apus_tq1_0, d));
  UNROLL for (int g = 0; g < 8; g++) u->scale[g] = d;
}
// Digit N of every byte; every other byte has room for three times its neighbour.
SIMD vq base_three_digit(vq bytes, const int N) {
  UNROLL for (int n = 0; n < N; n++) bytes = vq_sum(vq_sum(bytes, bytes), bytes);
  const vi even = vi_and(vi_from_vq(bytes), 0x00ff00ff), odd = vi_and(vi_shr(vi_from_vq(bytes), 8), 0x00ff00ff);
  const vi low = vi_and(vi_shr(vi_sum(vi_shl(even, 1), even), 8), 0x00030003);
  return vq_from_vi(vi_or(low, vi_and(vi_sum(vi_shl(odd, 1), odd), 0x03000300)));
}
SIMD int codes_tq1_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  if (g == 7 && half == 1) {
    const vq last = vq_words_at(b, offsetof(apus_tq1_0, last));
    UNROLL for (int j = 0; j < 4; j++) codes[j] = base_three_digit(last, j);
    return 0;
  }
  vq_bytes_at(b, offsetof(apus_tq1_0, codes) + (g < 5 ? 16 * half : 32), LANES, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = base_three_digit(codes[j], g < 5 ? g : 2 * (g - 5) + half);
  return 0;
}
#endif
