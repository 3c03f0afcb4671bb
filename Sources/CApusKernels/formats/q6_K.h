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
enum { groups_q6_K = 8, is_signed_q6_K = 0, mins_q6_K = MIN_PER_16 };
SIMD void unpack_q6_K(const apus_q6_K *b, unit *u) {
  unit_scales16(u, f8_splat_f16(&b->d), f8_from_i8(b->scales), f8_from_i8(b->scales + 8));
  unit_offset16(u, 32);
}
SIMD v32 codes_q6_K(const apus_q6_K *b, int group) {
  int half = group / 4, j = group % 4;
  v32 low = v32_and(v32_shr(v32_load(b->codes + 64 * half + 32 * (j % 2)), j / 2 * 4), 15);
  return v32_or(low, v32_shl(v32_and(v32_shr(v32_load(b->high + 32 * half), 2 * j), 3), 4));
}
SIMD f8 scale_q6_K(const unit *u, int group) { return unit_scale16(u, group); }
#endif
