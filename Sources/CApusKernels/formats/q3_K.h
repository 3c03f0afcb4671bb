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
enum { groups_q3_K = 8, is_signed_q3_K = 0, mins_q3_K = MIN_PER_16 };
SIMD void unpack_q3_K(const apus_q3_K *b, unit *u) {
  int8_t scales[16];
  for (int i = 0; i < 16; i++)
    scales[i] = (int8_t)apus_scale_q3_K(b, i);
  unit_scales16(u, f8_splat_f16(&b->d), f8_from_i8(scales), f8_from_i8(scales + 8));
  unit_offset16(u, 4);
}
SIMD v32 codes_q3_K(const apus_q3_K *b, int group) {
  v32 low = v32_and(v32_shr(v32_load(b->codes + 32 * (group / 4)), 2 * (group % 4)), 3);
  v32 high = v32_shl(v32_and(v32_shr(v32_load(b->high), group), 1), 2);
  return v32_or(low, high);
}
SIMD f8 scale_q3_K(const unit *u, int group) { return unit_scale16(u, group); }
#endif
