// Q3_K: 256 weights in 110 bytes, 16 sub-blocks of 16. weight = d * (scale - 32) * (code - 4), code 0...7.
// The low two bits of a code lie as in Q2_K; the third bit of weight i is bit i / 32 of high[i % 32].
// Scales have 6 bits: sub-blocks 0-7 the low nibbles and 8-15 the high nibbles of bytes 0-7; the upper two bits of
// sub-block 4s + t are bits 2s, 2s+1 of byte 8 + t.
typedef struct {
  uint8_t high[32];
  uint8_t codes[64];
  uint8_t scales[12];
  apus_f16 d;
} apus_q3_K;
_Static_assert(sizeof(apus_q3_K) == 110, "Q3_K quant block");

static inline int apus_scale_q3_K(const apus_q3_K *b, int sub) {
  int low = b->scales[sub % 8] >> (sub / 8 * 4) & 15;
  int upper = b->scales[8 + sub % 4] >> (sub / 4 * 2) & 3;
  return (low | upper << 4) - 32;
}

static inline void apus_decode_block_q3_K(const apus_q3_K *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    int group = i / 32;
    int code = (b->codes[32 * (group / 4) + i % 32] >> (2 * (group % 4)) & 3) | (b->high[i % 32] >> group & 1) << 2;
    w[i] = d * (float)apus_scale_q3_K(b, i / 16) * (float)(code - 4);
  }
}

static inline int apus_is_finite_q3_K(const apus_q3_K *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q3_K = 8, strip_q3_K = 1, span_q3_K = 8, few_q3_K = TOKENS, bits_q3_K = 3, subtract_q3_K = 4 };
SIMD void scales_q3_K(block_rows b, sub_scales *u) {
  vq end[4]; // two bytes of codes, the scales, d
  vq_bytes_at(b, sizeof(apus_q3_K) - 16, LANES, end);
  vq low[2] = {vq_join(end[0], end[1]), vq_join(end[1], end[2])}, upper = vq_join(end[2], end[3]);
  vf_half_pairs(end[3], &u->d);
  UNROLL for (int j = 0; j < 4; j++)
    u->scale[j] = vq_add(vq_or(vq_and(vq_shr(low[j % 2], j / 2 * 4), 15), vq_and(vq_to_bit(upper, 2 * j, 4), 48)), -32);
}
SIMD int codes_q3_K(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  const int own = 2 * (g % 4), place = place_of(own, LAYOUT), at = place < 6 ? place : 4;
  vq high[4];
  vq_bytes_at(b, offsetof(apus_q3_K, codes) + 32 * (g / 4) + 16 * half, LAYOUT, codes);
  vq_bytes_at(b, offsetof(apus_q3_K, high) + 16 * half, LAYOUT, high);
  UNROLL for (int j = 0; j < 4; j++)
    codes[j] = vq_or(vq_and(vq_to_bit(codes[j], own, at), 3 << at), vq_and(vq_to_bit(high[j], g, at + 2), 4 << at));
  return at;
}
#endif
