// Q2_K: 256 weights in 84 bytes, 16 sub-blocks of 16. weight = d * scale * code - dmin * min, code 0...3.
// Byte i of `scales` has sub-block i's scale (low nibble) and min (high nibble). Weights come in two halves of
// 128: bits 2j, 2j+1 of byte l of a half's 32 code bytes are the code of its weight 32j + l.
typedef struct {
  uint8_t scales[16];
  uint8_t codes[64];
  apus_f16 d;
  apus_f16 dmin;
} apus_q2_K;
_Static_assert(sizeof(apus_q2_K) == 84, "Q2_K quant block");

static inline void apus_decode_block_q2_K(const apus_q2_K *b, float *w) {
  float d = apus_f16_to_float(b->d), dmin = apus_f16_to_float(b->dmin);
  for (int i = 0; i < 256; i++) {
    int group = i / 32, sub = i / 16;
    int code = b->codes[32 * (group / 4) + i % 32] >> (2 * (group % 4)) & 3;
    float scale = d * (float)(b->scales[sub] & 15), min = dmin * (float)(b->scales[sub] >> 4);
    w[i] = scale * (float)code - min;
  }
}

static inline int apus_is_finite_q2_K(const apus_q2_K *b) {
  return apus_f16_is_finite(b->d) && apus_f16_is_finite(b->dmin);
}

#ifdef APUS_SIMD
enum { groups_q2_K = 8, strip_q2_K = 1, span_q2_K = 4, few_q2_K = TOKENS, bits_q2_K = 2, subtract_q2_K = MINS };
SIMD void scales_q2_K(block_rows b, sub_scales *u) {
  u->d = vf_half_pairs(vq_words_at(b, offsetof(apus_q2_K, d)), &u->dmin);
  vq packed[4];
  vq_bytes_at(b, offsetof(apus_q2_K, scales), LANES, packed);
  UNROLL for (int j = 0; j < 4; j++) {
    u->scale[j] = vq_and(packed[j], 15);
    u->min[j] = vq_and(vq_shr(packed[j], 4), 15);
  }
}
SIMD int codes_q2_K(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_bytes_at(b, offsetof(apus_q2_K, codes) + 8 * first + 16 * half, LAYOUT, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_field(codes[j], 2 * g, 2, LAYOUT);
  return place_of(2 * g, LAYOUT);
}
#endif
