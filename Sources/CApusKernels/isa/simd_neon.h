// The primitives on AArch64's NEON with the dot product instructions (ARMv8.2). Wide types are pairs of registers.

typedef struct {
  uint8x16_t low, high;
} v32;
typedef struct {
  float32x4_t low, high;
} f8;

SIMD v32 v32_load(const void *p) { return (v32){vld1q_u8(p), vld1q_u8((const uint8_t *)p + 16)}; }
// 16 bytes to 32 codes: the low nibbles, then the high ones.
SIMD v32 v32_load_nibbles(const void *p) {
  uint8x16_t packed = vld1q_u8(p);
  return (v32){vandq_u8(packed, vdupq_n_u8(15)), vshrq_n_u8(packed, 4)};
}
SIMD v32 v32_and(v32 a, int byte) {
  uint8x16_t mask = vdupq_n_u8((uint8_t)byte);
  return (v32){vandq_u8(a.low, mask), vandq_u8(a.high, mask)};
}
SIMD v32 v32_or(v32 a, v32 b) { return (v32){vorrq_u8(a.low, b.low), vorrq_u8(a.high, b.high)}; }
SIMD v32 v32_shl(v32 a, int bits) {
  int8x16_t count = vdupq_n_s8((int8_t)bits);
  return (v32){vshlq_u8(a.low, count), vshlq_u8(a.high, count)};
}
SIMD v32 v32_shr(v32 a, int bits) { return v32_shl(a, -bits); }
// Byte j is all ones where bit j of the 32 bits at p is set.
SIMD v32 v32_bits(const void *p) {
  static const uint8_t bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8_t *bits = p;
  uint8x16_t low = vcombine_u8(vdup_n_u8(bits[0]), vdup_n_u8(bits[1]));
  uint8x16_t high = vcombine_u8(vdup_n_u8(bits[2]), vdup_n_u8(bits[3]));
  return (v32){vtstq_u8(low, vld1q_u8(bit)), vtstq_u8(high, vld1q_u8(bit))};
}
SIMD v32 v32_lookup(const int8_t *table, v32 codes) {
  uint8x16_t values = vld1q_u8((const uint8_t *)table);
  return (v32){vqtbl1q_u8(values, codes.low), vqtbl1q_u8(values, codes.high)};
}

SIMD f8 f8_splat(float x) { return (f8){vdupq_n_f32(x), vdupq_n_f32(x)}; }
SIMD f8 f8_zero(void) { return f8_splat(0); }
SIMD f8 f8_load(const float *p) { return (f8){vld1q_f32(p), vld1q_f32(p + 4)}; }
SIMD void f8_store(float *p, f8 a) {
  vst1q_f32(p, a.low);
  vst1q_f32(p + 4, a.high);
}
// Lane 0 from p, the others 0.
SIMD f8 f8_first(const float *p) { return (f8){vsetq_lane_f32(*p, vdupq_n_f32(0), 0), vdupq_n_f32(0)}; }
// Lanes 0-3 the first value, 4-7 the second.
SIMD f8 f8_pair(float a, float b) { return (f8){vdupq_n_f32(a), vdupq_n_f32(b)}; }
SIMD f8 f8_mul(f8 a, f8 b) { return (f8){vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)}; }
SIMD f8 f8_fma(f8 a, f8 b, f8 c) {
  return (f8){vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
SIMD f8 f8_fnma(f8 a, f8 b, f8 c) {
  return (f8){vfmsq_f32(c.low, a.low, b.low), vfmsq_f32(c.high, a.high, b.high)};
}
SIMD f8 f8_from_u8(const uint8_t *p) {
  uint16x8_t wide = vmovl_u8(vld1_u8(p));
  return (f8){vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))), vcvtq_f32_u32(vmovl_high_u16(wide))};
}
SIMD f8 f8_from_i8(const int8_t *p) {
  int16x8_t wide = vmovl_s8(vld1_s8(p));
  return (f8){vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), vcvtq_f32_s32(vmovl_high_s16(wide))};
}
SIMD float f8_sum(f8 a) { return vaddvq_f32(vaddq_f32(a.low, a.high)); }
SIMD float f16_scalar(const apus_f16 *p) { return apus_f16_to_float(*p); }
SIMD f8 f8_splat_f16(const apus_f16 *p) {
  float32x4_t wide = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(*p)));
  return (f8){wide, wide};
}
// The first of two neighbours in all lanes, and the second in `*second`.
SIMD f8 f8_splat_f16_pair(const apus_f16 *p, f8 *second) {
  *second = f8_splat_f16(p + 1);
  return f8_splat_f16(p);
}

// Lane j: the sum of the products of bytes 4j...4j+3. Codes up to 127 are the same signed.
SIMD f8 f8_dot_signed(v32 codes, v32 activations) {
  int32x4_t low = vdotq_s32(vdupq_n_s32(0), vreinterpretq_s8_u8(codes.low), vreinterpretq_s8_u8(activations.low));
  int32x4_t high = vdotq_s32(vdupq_n_s32(0), vreinterpretq_s8_u8(codes.high), vreinterpretq_s8_u8(activations.high));
  return (f8){vcvtq_f32_s32(low), vcvtq_f32_s32(high)};
}
SIMD f8 f8_dot_unsigned(v32 codes, v32 activations) { return f8_dot_signed(codes, activations); }

enum { VF = 8 };
typedef f8 vf;
SIMD vf vf_zero(void) { return f8_zero(); }
SIMD vf vf_splat(float x) { return f8_splat(x); }
SIMD vf vf_load_f32(const void *p) { return f8_load(p); }
SIMD vf vf_load_f16(const void *p) {
  float16x8_t half = vreinterpretq_f16_u16(vreinterpretq_u16_u8(vld1q_u8(p)));
  return (vf){vcvt_f32_f16(vget_low_f16(half)), vcvt_high_f32_f16(half)};
}
SIMD vf vf_load_bf16(const void *p) {
  uint16x8_t half = vreinterpretq_u16_u8(vld1q_u8(p));
  return (vf){vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(half), 16)),
              vreinterpretq_f32_u32(vshll_high_n_u16(half, 16))};
}
SIMD vf vf_load_i8(const int8_t *p) { return f8_from_i8(p); }
SIMD void vf_store(float *p, vf a) { f8_store(p, a); }
SIMD void vf_store_f16(apus_f16 *p, vf a) {
  float16x8_t half = vcvt_high_f16_f32(vcvt_f16_f32(a.low), a.high);
  vst1q_u8((uint8_t *)p, vreinterpretq_u8_f16(half));
}
SIMD vf vf_add(vf a, vf b) { return (vf){vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)}; }
SIMD vf vf_fma(vf a, vf b, vf c) { return f8_fma(a, b, c); }
SIMD vf vf_max(vf a, vf b) { return (vf){vmaxq_f32(a.low, b.low), vmaxq_f32(a.high, b.high)}; }
SIMD float vf_sum(vf a) { return f8_sum(a); }
