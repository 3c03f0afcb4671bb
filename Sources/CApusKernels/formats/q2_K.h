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
enum { groups_q2_K = 8, is_signed_q2_K = 0, mins_q2_K = MIN_PER_16 };
SIMD void unpack_q2_K(const apus_q2_K *b, unit *u) {
  uint8_t scales[16], mins[16];
  for (int i = 0; i < 16; i++) {
    scales[i] = b->scales[i] & 15;
    mins[i] = b->scales[i] >> 4;
  }
  unit_scales16(u, f8_splat_f16(&b->d), f8_from_u8(scales), f8_from_u8(scales + 8));
  f8 dmin = f8_splat_f16(&b->dmin);
  u->mins[0] = f8_mul(dmin, f8_from_u8(mins));
  u->mins[1] = f8_mul(dmin, f8_from_u8(mins + 8));
}
SIMD v32 codes_q2_K(const apus_q2_K *b, int group) {
  return v32_and(v32_shr(v32_load(b->codes + 32 * (group / 4)), 2 * (group % 4)), 3);
}
SIMD f8 scale_q2_K(const unit *u, int group) { return unit_scale16(u, group); }
#endif
