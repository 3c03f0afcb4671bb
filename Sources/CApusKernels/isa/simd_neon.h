// The primitives on AArch64's NEON with the dot product instructions (ARMv8.2), and with those for int8 matrices
// where APUS_HAS_I8MM is defined. vf: eight floats; vi: eight integers; vq: four codes of each of eight rows; all of
// them pairs of registers.

enum { VF = 8 };
typedef struct {
  float32x4_t low, high;
} vf;
typedef struct {
  int32x4_t low, high;
} vi;
typedef struct {
  uint8x16_t low, high;
} vq;

// ---- floats

SIMD vf vf_splat(float x) { return (vf){vdupq_n_f32(x), vdupq_n_f32(x)}; }
SIMD vf vf_zero(void) { return vf_splat(0); }
SIMD vf vf_load_f32(const void *p) { return (vf){vld1q_f32(p), vld1q_f32((const float *)p + 4)}; }
SIMD vf from_halves(uint16x8_t bits) {
  const float16x8_t halves = vreinterpretq_f16_u16(bits);
  return (vf){vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}
SIMD vf vf_load_f16(const void *p) { return from_halves(vreinterpretq_u16_u8(vld1q_u8(p))); }
SIMD vf vf_load_bf16(const void *p) {
  const uint16x8_t bits = vreinterpretq_u16_u8(vld1q_u8(p));
  return (vf){vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16)),
              vreinterpretq_f32_u32(vshll_high_n_u16(bits, 16))};
}
SIMD vf vf_from_vi(vi a) { return (vf){vcvtq_f32_s32(a.low), vcvtq_f32_s32(a.high)}; }
SIMD vf vf_from_bits(vi a) { return (vf){vreinterpretq_f32_s32(a.low), vreinterpretq_f32_s32(a.high)}; }
SIMD vf vf_load_i8(const int8_t *p) {
  const int16x8_t wide = vmovl_s8(vld1_s8(p));
  return vf_from_vi((vi){vmovl_s16(vget_low_s16(wide)), vmovl_high_s16(wide)});
}
SIMD void vf_store(float *p, vf a) {
  vst1q_f32(p, a.low);
  vst1q_f32(p + 4, a.high);
}
SIMD void vf_store_f16(apus_f16 *p, vf a) {
  const float16x8_t halves = vcvt_high_f16_f32(vcvt_f16_f32(a.low), a.high);
  vst1q_u8((uint8_t *)p, vreinterpretq_u8_f16(halves));
}
SIMD vf vf_add(vf a, vf b) { return (vf){vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)}; }
SIMD vf vf_mul(vf a, vf b) { return (vf){vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)}; }
SIMD vf vf_fma(vf a, vf b, vf c) { return (vf){vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)}; }
SIMD vf vf_fnma(vf a, vf b, vf c) { return (vf){vfmsq_f32(c.low, a.low, b.low), vfmsq_f32(c.high, a.high, b.high)}; }
SIMD vf vf_neg(vf a) { return (vf){vnegq_f32(a.low), vnegq_f32(a.high)}; }
SIMD vf vf_max(vf a, vf b) { return (vf){vmaxq_f32(a.low, b.low), vmaxq_f32(a.high, b.high)}; }
SIMD float vf_sum(vf a) { return vaddvq_f32(vaddq_f32(a.low, a.high)); }
// The sum of each of four vectors.
SIMD four vf_sum_four(const vf *a) {
  float32x4_t b[4];
  UNROLL for (int i = 0; i < 4; i++) b[i] = vaddq_f32(a[i].low, a[i].high);
  return (four)vpaddq_f32(vpaddq_f32(b[0], b[1]), vpaddq_f32(b[2], b[3]));
}
SIMD float f16_scalar(const apus_f16 *p) { return apus_f16_to_float(*p); }
SIMD apus_f16 f16_from_float(float x) { return apus_float_to_f16(x); }

// ---- the same place in eight rows, `stride` bytes apart: lane r is row r

#include "rows_by_stride.h"

SIMD uint8x16_t four_words(const uint8_t *p, size_t stride) {
  uint32_t words[4];
  UNROLL for (int r = 0; r < 4; r++) memcpy(words + r, p + r * stride, 4);
  return vreinterpretq_u8_u32((uint32x4_t){words[0], words[1], words[2], words[3]});
}
SIMD vq vq_words(rows at) {
  return (vq){four_words(at.row0, at.stride), four_words(at.row0 + 4 * at.stride, at.stride)};
}
// 16 bytes of four rows: vector j has bytes 4j...4j+3 of each.
SIMD void transpose(const uint8_t *p, size_t stride, uint8x16_t *bytes) {
  uint32x4_t rows[4];
  uint64x2_t even[2], odd[2];
  UNROLL for (int r = 0; r < 4; r++) rows[r] = vreinterpretq_u32_u8(vld1q_u8(p + r * stride));
  UNROLL for (int i = 0; i < 2; i++) {
    even[i] = vreinterpretq_u64_u32(vtrn1q_u32(rows[2 * i], rows[2 * i + 1]));
    odd[i] = vreinterpretq_u64_u32(vtrn2q_u32(rows[2 * i], rows[2 * i + 1]));
  }
  bytes[0] = vreinterpretq_u8_u64(vtrn1q_u64(even[0], even[1]));
  bytes[1] = vreinterpretq_u8_u64(vtrn1q_u64(odd[0], odd[1]));
  bytes[2] = vreinterpretq_u8_u64(vtrn2q_u64(even[0], even[1]));
  bytes[3] = vreinterpretq_u8_u64(vtrn2q_u64(odd[0], odd[1]));
}
// 16 bytes of every row: vector j has bytes 4j...4j+3.
SIMD void vq_bytes(rows at, const int LAYOUT, vq *bytes) {
  (void)LAYOUT;
  uint8x16_t low[4], high[4];
  transpose(at.row0, at.stride, low);
  transpose(at.row0 + 4 * at.stride, at.stride, high);
  UNROLL for (int j = 0; j < 4; j++) bytes[j] = (vq){low[j], high[j]};
}
// A half of every row as floats.
SIMD vf vf_halves(rows at) {
  uint16_t halves[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(halves + r, at.row0 + r * at.stride, 2);
  return from_halves((uint16x8_t){halves[0], halves[1], halves[2], halves[3], halves[4], halves[5], halves[6],
                                  halves[7]});
}
// The halves of every lane's word.
SIMD vf vf_half_pairs(vq words, vf *second) {
  const uint16x8_t low = vreinterpretq_u16_u8(words.low), high = vreinterpretq_u16_u8(words.high);
  *second = from_halves(vuzp2q_u16(low, high));
  return from_halves(vuzp1q_u16(low, high));
}
SIMD uint8x16_t join(uint8x16_t a, uint8x16_t b) {
  const uint32x4_t upper = vshrq_n_u32(vreinterpretq_u32_u8(a), 16);
  return vreinterpretq_u8_u32(vsliq_n_u32(upper, vreinterpretq_u32_u8(b), 16));
}
// Every lane's word two bytes on: the upper half of a's, then the lower half of b's.
SIMD vq vq_join(vq a, vq b) { return (vq){join(a.low, b.low), join(a.high, b.high)}; }

// ---- codes

SIMD vq vq_load(const void *p) { return (vq){vld1q_u8(p), vld1q_u8((const uint8_t *)p + 16)}; }
SIMD vq vq_and(vq a, int byte) {
  const uint8x16_t mask = vdupq_n_u8((uint8_t)byte);
  return (vq){vandq_u8(a.low, mask), vandq_u8(a.high, mask)};
}
SIMD vq vq_or(vq a, vq b) { return (vq){vorrq_u8(a.low, b.low), vorrq_u8(a.high, b.high)}; }
SIMD vq vq_xor(vq a, vq b) { return (vq){veorq_u8(a.low, b.low), veorq_u8(a.high, b.high)}; }
SIMD vq vq_sum(vq a, vq b) { return (vq){vaddq_u8(a.low, b.low), vaddq_u8(a.high, b.high)}; }
SIMD vq vq_shr(vq a, int bits) {
  const uint8x16_t count = vdupq_n_u8((uint8_t)bits);
  return (vq){a.low >> count, a.high >> count};
}
// Moves bit `from` of every byte and those above to bit `to`; the caller masks.
SIMD vq vq_to_bit(vq a, int from, int to) {
  const uint8x16_t up = vdupq_n_u8((uint8_t)(to - from));
  return from > to ? vq_shr(a, from - to) : (vq){a.low << up, a.high << up};
}
SIMD vq vq_lookup(const int8_t *table, vq codes) {
  const uint8x16_t values = vreinterpretq_u8_s8(vld1q_s8(table));
  return (vq){vqtbl1q_u8(values, codes.low), vqtbl1q_u8(values, codes.high)};
}
// Byte i of a lane has all bits where bit 4j + i of its word is set, else none.
SIMD vq vq_masks(vq words, int j) {
  const uint8x16_t first = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
  const uint8x16_t source = vaddq_u8(first, vdupq_n_u8((uint8_t)(j / 2)));
  const uint8x16_t bit = vreinterpretq_u8_u32(vdupq_n_u32(j % 2 ? 0x80402010 : 0x08040201));
  return (vq){vtstq_u8(vqtbl1q_u8(words.low, source), bit), vtstq_u8(vqtbl1q_u8(words.high, source), bit)};
}
// Byte i of a lane is VALUE where bit 4j + i of its word is set, else 0.
SIMD vq vq_bits(vq words, int j, const int LAYOUT, const int VALUE) {
  (void)LAYOUT;
  return vq_and(vq_masks(words, j), VALUE);
}
// Codes that change sides of MIDDLE where vq_bits has its value.
SIMD vq vq_mirrored(vq codes, vq words, int j, const int MIDDLE) {
  const vq masks = vq_masks(words, j);
  const uint8x16_t twice = vdupq_n_u8((uint8_t)(2 * MIDDLE));
  return (vq){vbslq_u8(masks.low, vsubq_u8(twice, codes.low), codes.low),
              vbslq_u8(masks.high, vsubq_u8(twice, codes.high), codes.high)};
}
SIMD vq vq_add(vq a, int byte) {
  const uint8x16_t b = vdupq_n_u8((uint8_t)byte);
  return (vq){vaddq_u8(a.low, b), vaddq_u8(a.high, b)};
}
SIMD vi vi_from_vq(vq a) { return (vi){vreinterpretq_s32_u8(a.low), vreinterpretq_s32_u8(a.high)}; }
SIMD vq vq_from_vi(vi a) { return (vq){vreinterpretq_u8_s32(a.low), vreinterpretq_u8_s32(a.high)}; }
SIMD vi vi_and(vi a, int b) { return (vi){vandq_s32(a.low, vdupq_n_s32(b)), vandq_s32(a.high, vdupq_n_s32(b))}; }
SIMD vi vi_sum(vi a, vi b) { return (vi){vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)}; }
SIMD vi vi_sra(vi a, int bits) { return (vi){a.low >> vdupq_n_s32(bits), a.high >> vdupq_n_s32(bits)}; }
SIMD int32x4_t shifted_right(int32x4_t a, int bits) {
  return vreinterpretq_s32_u32(vreinterpretq_u32_s32(a) >> vdupq_n_u32((uint32_t)bits));
}
SIMD vi vi_shr(vi a, int bits) { return (vi){shifted_right(a.low, bits), shifted_right(a.high, bits)}; }
// Four codes for each lane's index.
SIMD vq vq_gather_fours(const uint32_t *table, vi index) {
  uint32x4_t low, high;
  UNROLL for (int r = 0; r < 4; r++) low[r] = table[index.low[r]], high[r] = table[index.high[r]];
  return (vq){vreinterpretq_u8_u32(low), vreinterpretq_u8_u32(high)};
}
// Eight codes for each of four lanes' indices: four in each of two registers.
SIMD void gather_eights(const uint64_t *table, int32x4_t index, uint8x16_t *first, uint8x16_t *second) {
  uint64x2_t entries[2];
  UNROLL for (int r = 0; r < 4; r++) entries[r / 2][r % 2] = table[index[r]];
  const uint32x4_t a = vreinterpretq_u32_u64(entries[0]), b = vreinterpretq_u32_u64(entries[1]);
  *first = vreinterpretq_u8_u32(vuzp1q_u32(a, b));
  *second = vreinterpretq_u8_u32(vuzp2q_u32(a, b));
}
// Eight codes for each lane's index: four in each of two vectors.
SIMD void vq_gather_eights(const uint64_t *table, vi index, vq *codes) {
  gather_eights(table, index.low, &codes[0].low, &codes[1].low);
  gather_eights(table, index.high, &codes[0].high, &codes[1].high);
}
SIMD vi vi_or(vi a, vi b) { return (vi){vorrq_s32(a.low, b.low), vorrq_s32(a.high, b.high)}; }
SIMD vi vi_add(vi a, int b) { return (vi){vaddq_s32(a.low, vdupq_n_s32(b)), vaddq_s32(a.high, vdupq_n_s32(b))}; }
SIMD vi vi_shl(vi a, int bits) { return (vi){a.low << vdupq_n_s32(bits), a.high << vdupq_n_s32(bits)}; }
SIMD int32x4_t field(uint8x16_t words, int shift, int bits) {
  const uint32x4_t moved = vreinterpretq_u32_u8(words) >> vdupq_n_u32((uint32_t)shift);
  return vreinterpretq_s32_u32(vandq_u32(moved, vdupq_n_u32((1u << bits) - 1)));
}
SIMD vi vi_field(vq words, int shift, int bits) {
  return (vi){field(words.low, shift, bits), field(words.high, shift, bits)};
}
SIMD vi vi_signed_byte(vq words, int byte) {
  const vi up = vi_shl((vi){vreinterpretq_s32_u8(words.low), vreinterpretq_s32_u8(words.high)}, 24 - 8 * byte);
  return (vi){vshrq_n_s32(up.low, 24), vshrq_n_s32(up.high, 24)};
}

// ---- products of signed codes and int8 activations

enum { TOKENS = 2, VECTORS = 1 };

// Adds codes 0...15 . 16 activations of one token.
SIMD vi dot_sixteen(const vq *codes, const int8_t *a, vi sum) {
  const int8x16_t x = vld1q_s8(a);
#define ADD(j)                                                                                                       \
  sum.low = vdotq_laneq_s32(sum.low, vreinterpretq_s8_u8(codes[j].low), x, j);                                       \
  sum.high = vdotq_laneq_s32(sum.high, vreinterpretq_s8_u8(codes[j].high), x, j);
  ADD(0) ADD(1) ADD(2) ADD(3)
#undef ADD
  return sum;
}

SIMD void dot_token(const vq *codes, const int8_t *a, const int HALVES, vi *low, vi *high) {
  const vi zero = {vdupq_n_s32(0), vdupq_n_s32(0)};
  const vi first = dot_sixteen(codes, a, zero), rest = dot_sixteen(codes + 4, a + 16, HALVES ? zero : first);
  *low = HALVES ? first : rest;
  *high = rest;
}

#ifndef APUS_HAS_I8MM
enum { VQ_OPERANDS = 8 };
SIMD void vq_operands(const vq *codes, const int bits, vq *operands) {
  (void)bits;
  UNROLL for (int j = 0; j < 8; j++) operands[j] = codes[j];
}
// Products of codes 0...15 and the rest of V vectors of rows with T tokens; with HALVES apart, else all in `low`.
SIMD void dot_tile(const vq *codes, const int8_t *a, const int HALVES, const int V, const int T, vi *low, vi *high) {
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int v = 0; v < V; v++)
      dot_token(codes + v * VQ_OPERANDS, a + 32 * t, HALVES, low + v * T + t, high + v * T + t);
}
#else
// The codes as they are, for one token; then for two: as pairs of rows with eight codes of each, what smmla takes.
enum { VQ_OPERANDS = 16 };
SIMD vq zip_rows(uint8x16_t a, uint8x16_t b) {
  const uint32x4_t x = vreinterpretq_u32_u8(a), y = vreinterpretq_u32_u8(b);
  return (vq){vreinterpretq_u8_u32(vzip1q_u32(x, y)), vreinterpretq_u8_u32(vzip2q_u32(x, y))};
}
SIMD void vq_operands(const vq *codes, const int bits, vq *operands) {
  (void)bits;
  UNROLL for (int j = 0; j < 8; j++) operands[j] = codes[j];
  UNROLL for (int j = 0; j < 8; j += 2) {
    operands[8 + j] = zip_rows(codes[j].low, codes[j + 1].low);
    operands[9 + j] = zip_rows(codes[j].high, codes[j + 1].high);
  }
}

// Adds codes 0...15 . 16 activations of two tokens, which lie 32 bytes apart. A register of sums has two rows, and
// both tokens of each.
SIMD void dot_sixteen_pairs(const vq *pairs, const int8_t *a, vi *sums) {
  const int64x2_t x = vreinterpretq_s64_s8(vld1q_s8(a)), y = vreinterpretq_s64_s8(vld1q_s8(a + 32));
  const int8x16_t eights[2] = {vreinterpretq_s8_s64(vtrn1q_s64(x, y)), vreinterpretq_s8_s64(vtrn2q_s64(x, y))};
  UNROLL for (int j = 0; j < 2; j++) {
    UNROLL for (int i = 0; i < 2; i++) {
      const vq rows = pairs[2 * j + i];
      sums[i].low = vmmlaq_s32(sums[i].low, vreinterpretq_s8_u8(rows.low), eights[j]);
      sums[i].high = vmmlaq_s32(sums[i].high, vreinterpretq_s8_u8(rows.high), eights[j]);
    }
  }
}
// Sums of two tokens apart: results[0] and [1] have those of eight rows.
SIMD void split_tokens(const vi *sums, vi *results) {
  results[0] = (vi){vuzp1q_s32(sums[0].low, sums[0].high), vuzp1q_s32(sums[1].low, sums[1].high)};
  results[1] = (vi){vuzp2q_s32(sums[0].low, sums[0].high), vuzp2q_s32(sums[1].low, sums[1].high)};
}
SIMD void dot_tokens(const vq *pairs, const int8_t *a, const int HALVES, vi *low, vi *high) {
  const vi zero = {vdupq_n_s32(0), vdupq_n_s32(0)};
  vi sums[2] = {zero, zero};
  dot_sixteen_pairs(pairs, a, sums);
  if (HALVES) {
    split_tokens(sums, low);
    sums[0] = sums[1] = zero;
  }
  dot_sixteen_pairs(pairs + 4, a + 16, sums);
  split_tokens(sums, HALVES ? high : low);
}

SIMD void dot_tile(const vq *codes, const int8_t *a, const int HALVES, const int V, const int T, vi *low, vi *high) {
  UNROLL for (int v = 0; v < V; v++) {
    const vq *of_v = codes + v * VQ_OPERANDS;
    UNROLL for (int t = 0; t + 2 <= T; t += 2)
      dot_tokens(of_v + 8, a + 32 * t, HALVES, low + v * T + t, high + v * T + t);
    if (T % 2)
      dot_token(of_v, a + 32 * (T - 1), HALVES, low + v * T + T - 1, high + v * T + T - 1);
  }
}
#endif

#include "../bodies/offsets.h"

SIMD vi vi_mul(vi a, vi b) { return (vi){vmulq_s32(a.low, b.low), vmulq_s32(a.high, b.high)}; }
SIMD vi vi_mla(vi sum, vi a, vi b) { return (vi){vmlaq_s32(sum.low, a.low, b.low), vmlaq_s32(sum.high, a.high, b.high)}; }
SIMD vi vi_sub(vi a, vi b) { return (vi){vsubq_s32(a.low, b.low), vsubq_s32(a.high, b.high)}; }
SIMD vi vi_splat(int a) { return (vi){vdupq_n_s32(a), vdupq_n_s32(a)}; }
SIMD int offset_of_operands(const int BITS, const int OFFSET) {
  (void)BITS;
  return OFFSET;
}
SIMD vi less_offset(vi dot, int32_t sum, const int OFFSET) {
  return OFFSET > 0 ? vi_sub(dot, vi_splat(offset_products(sum, OFFSET))) : dot;
}

// dots[v * T + t]: 32 codes, less their offset, . activations of token t.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *starts, const int BITS, const int OFFSET, const int V,
                 const int T, vi *dots) {
  (void)BITS;
  vi rest[VECTORS * TOKENS];
  dot_tile(codes, a, 0, V, T, dots, rest);
  if (OFFSET > 0)
    UNROLL for (int i = 0; i < V * T; i++) dots[i] = vi_add(dots[i], starts[i % T]);
}

enum { blocks_layout_one = LANES, halves_layout_one = LANES, unrolls_one = 0, SIGNED_ABOVE = 0 };
// The same for one vector of rows and one token, from codes in LANES.
SIMD vi vq_dot_one(const vq *codes, places at, const int8_t *a, const int32_t *offsets, const int BITS,
                   const int OFFSET) {
  (void)at, (void)BITS;
  vi dot, rest;
  dot_token(codes, a, 0, &dot, &rest);
  return less_offset(dot, *offsets, OFFSET);
}

// ---- formats with a scale for 16 weights

#include "../bodies/sub_scales.h"

// `subtracted`: what is taken off for every half's sum of activations.
typedef struct {
  vf d, dmin;
  vi scale[16], subtracted[16];
} halves_scales, halves_scales_one;

SIMD void halves_prepare(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales *u) {
  (void)BITS;
  u->d = unpacked->d, u->dmin = unpacked->dmin;
  UNROLL for (int i = 0; i < 16; i++) {
    u->scale[i] = vi_signed_byte(unpacked->scale[i / 4], i % 4);
    u->subtracted[i] = SUBTRACT > 0 ? vi_shl(u->scale[i], __builtin_ctz(SUBTRACT))
                                : vi_signed_byte(unpacked->min[i / 4], i % 4);
  }
}
SIMD void halves_prepare_one(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales_one *u) {
  halves_prepare(unpacked, BITS, SUBTRACT, u);
}

SIMD vi vi_dot_two(const vi *s, const int16_t *c) {
  return (vi){vmlaq_n_s32(vmulq_n_s32(s[0].low, c[0]), s[1].low, c[1]),
              vmlaq_n_s32(vmulq_n_s32(s[0].high, c[0]), s[1].high, c[1])};
}

// A half's products scaled and added, less the offset; without an offset min: what the mins take off.
SIMD vf join_halves(vi low, vi high, const int16_t *sums16, const halves_scales *u, size_t g, const int SUBTRACT,
                    vf *min) {
  const vi sum = vi_mla(vi_mul(low, u->scale[2 * g]), high, u->scale[2 * g + 1]);
  const vi taken = vi_dot_two(u->subtracted + 2 * g, sums16);
  *min = vf_from_vi(taken);
  return vf_from_vi(SUBTRACT > 0 ? vi_sub(sum, taken) : sum);
}

SIMD void halves_operands(const vq *codes, const halves_scales *u, size_t g, const int BITS, const int SUBTRACT,
                          vq *operands) {
  (void)u, (void)g, (void)SUBTRACT;
  vq_operands(codes, BITS, operands);
}

// Offsets are taken off with their scales.
SIMD void halves_starts(const int32_t *offsets, const int16_t *sums16, size_t width, const int BITS, const int SUBTRACT,
                        int32_t *starts) {
  (void)offsets, (void)sums16, (void)width, (void)BITS, (void)SUBTRACT, (void)starts;
}
SIMD int halves_tokens(const int BITS) {
  (void)BITS;
  return TOKENS;
}

SIMD void vq_dot_halves(const vq *codes, const int8_t *a, const int16_t *sums16, const int32_t *starts,
                        const halves_scales *u, size_t g, const int BITS, const int SUBTRACT, const int V, const int T,
                        vf *dots, vf *mins) {
  (void)BITS, (void)starts;
  vi low[VECTORS * TOKENS], high[VECTORS * TOKENS];
  dot_tile(codes, a, 1, V, T, low, high);
  UNROLL for (int v = 0; v < V; v++)
    UNROLL for (int t = 0; t < T; t++)
      dots[v * T + t] = join_halves(low[v * T + t], high[v * T + t], sums16 + 2 * t, u + v, g, SUBTRACT, mins + v * T + t);
}

SIMD vf vq_dot_halves_one(const vq *codes, places at, const int8_t *a, const int16_t *sums16,
                          const halves_scales_one *u, size_t g, const int BITS, const int SUBTRACT, vf *min) {
  (void)at, (void)BITS;
  vi low, high;
  dot_token(codes, a, 1, &low, &high);
  return join_halves(low, high, sums16, u, g, SUBTRACT, min);
}

// The sums of the first 16 codes and of the other 16.
SIMD void sums_of_codes(const int8_t *codes, int32_t *sums) {
  sums[0] = vaddlvq_s8(vld1q_s8(codes));
  sums[1] = vaddlvq_s8(vld1q_s8(codes + 16));
}
