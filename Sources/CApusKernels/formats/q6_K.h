// Q6_K: 256 weights in 210 bytes, 16 sub-blocks of 16. weight = d * scale * (code - 32), code 0...63.
// Weights come in two halves of 128; with weight 32j + l of a half: low four bits in byte 32(j % 2) + l of the
// half's 64 code bytes (low nibble for j < 2, else high), upper two bits at bits 2j, 2j+1 of byte l of its 32
// `high` bytes.
typedef struct {
  uint8_t codes[128];
  uint8_t high[64];
  int8_t scales[16];
  apus_f16 d;
} apus_q6_K;
_Static_assert(sizeof(apus_q6_K) == 210, "Q6_K quant block");

static inline void apus_decode_block_q6_K(const apus_q6_K *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    int half = i / 128, j = i / 32 % 4, l = i % 32;
    int low = b->codes[64 * half + 32 * (j % 2) + l] >> (j / 2 * 4) & 15;
    int upper = b->high[32 * half + l] >> (2 * j) & 3;
    w[i] = d * (float)b->scales[i / 16] * (float)((low | upper << 4) - 32);
  }
}

static inline int apus_is_finite_q6_K(const apus_q6_K *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q6_K = 8, strip_q6_K = 1, span_q6_K = 4, few_q6_K = TOKENS, bits_q6_K = 6, subtract_q6_K = 32 };
SIMD void scales_q6_K(block_rows b, sub_scales *u) {
  u->d = vf_halves_at(b, offsetof(apus_q6_K, d));
  vq_bytes_at(b, offsetof(apus_q6_K, scales), LANES, u->scale);
}
SIMD int codes_q6_K(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  const int own = g / 2 * 4, at = LAYOUT == IN_PLACE && g == 3 ? 2 : 0; // there the upper bits can stay
  vq high[4];
  vq_bytes_at(b, offsetof(apus_q6_K, codes) + 16 * first + 32 * (g % 2) + 16 * half, LAYOUT, codes);
  vq_bytes_at(b, offsetof(apus_q6_K, high) + 8 * first + 16 * half, LAYOUT, high);
  UNROLL for (int j = 0; j < 4; j++)
    codes[j] = vq_or(vq_and(vq_to_bit(codes[j], own, at), 15 << at), vq_and(vq_to_bit(high[j], 2 * g, at + 4), 48 << at));
  return at;
}
#endif
