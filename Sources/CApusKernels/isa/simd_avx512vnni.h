// The primitives on AVX-512 with VNNI. vf: sixteen floats; vi: sixteen integers; vq: four codes of each of sixteen rows.

enum { VF = 16 };
typedef __m512 vf;
typedef __m512i vi;
typedef __m512i vq;

// ---- floats

SIMD vf vf_zero(void) { return _mm512_setzero_ps(); }
SIMD vf vf_splat(float x) { return _mm512_set1_ps(x); }
SIMD vf vf_load_f32(const void *p) { return _mm512_loadu_ps(p); }
SIMD vf vf_load_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
SIMD vf vf_load_bf16(const void *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}
SIMD vf vf_load_i8(const int8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}
SIMD void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
SIMD void vf_store_f16(apus_f16 *p, vf a) { _mm256_storeu_si256((void *)p, _mm512_cvtps_ph(a, 0)); }
SIMD vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
SIMD vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
SIMD vf vf_fms(vf a, vf b, vf c) { return _mm512_fmsub_ps(a, b, c); }
SIMD vf vf_neg(vf a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
SIMD vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
SIMD vf vf_from_vi(vi a) { return _mm512_cvtepi32_ps(a); }
SIMD vf vf_from_bits(vi a) { return _mm512_castsi512_ps(a); }
SIMD float vf_sum(vf a) {
  __m256 c = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(c), _mm256_extractf128_ps(c, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
// The sum of each of four vectors.
SIMD four vf_sum_four(const vf *a) {
  __m256 b[4];
  UNROLL for (int i = 0; i < 4; i++) b[i] = _mm256_add_ps(_mm512_castps512_ps256(a[i]), _mm512_extractf32x8_ps(a[i], 1));
  const __m256 halves = _mm256_hadd_ps(_mm256_hadd_ps(b[0], b[1]), _mm256_hadd_ps(b[2], b[3]));
  return _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}
SIMD float f16_scalar(const apus_f16 *p) { return _cvtsh_ss(*p); }
SIMD apus_f16 f16_from_float(float x) { return _cvtss_sh(x, 0); }

// ---- the same place in sixteen rows, `stride` bytes apart: lane r is row r

// Addresses of sixteen rows from few registers: left alone, the compiler would keep an offset for each, on the stack.
typedef struct {
  const uint8_t *row0, *row2, *row7;
  size_t stride, three;
} rows;
SIMD rows rows_at(const uint8_t *p, size_t stride) {
  rows at = {p, p + 2 * stride, p + 7 * stride, stride, 3 * stride};
  __asm__("" : "+r"(at.row2), "+r"(at.row7), "+r"(at.three));
  return at;
}
SIMD rows rows_on(rows at, size_t bytes) {
  return (rows){at.row0 + bytes, at.row2 + bytes, at.row7 + bytes, at.stride, at.three};
}
// Row R: a base and a multiple of the stride that an address can have.
SIMD const uint8_t *row_at(rows at, const int R) {
  switch (R) {
  case 3: case 6: case 12: return at.row0 + R / 3 * at.three;
  case 5: case 14: return at.row2 + (R - 2) / 3 * at.three;
  case 7: case 9: case 11: case 15: return at.row7 + (size_t)(R - 7) * at.stride;
  case 10: case 13: return at.row7 + (R - 7) / 3 * at.three;
  default: return at.row0 + (size_t)R * at.stride;
  }
}

SIMD __m128i four_words(rows at, const int R) {
  int32_t words[4];
  UNROLL for (int r = 0; r < 4; r++) memcpy(words + r, row_at(at, R + r), 4);
  return _mm_setr_epi32(words[0], words[1], words[2], words[3]);
}
SIMD vq four_quarters(__m128i a, __m128i b, __m128i c, __m128i d) {
  __m512i low = _mm512_inserti32x4(_mm512_castsi128_si512(a), b, 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(low, c, 2), d, 3);
}
SIMD vq vq_words(rows at) {
  return four_quarters(four_words(at, 0), four_words(at, 4), four_words(at, 8), four_words(at, 12));
}
SIMD __m128i sixteen_bytes(rows at, const int R) { return _mm_loadu_si128((const void *)row_at(at, R)); }
// 16 bytes of rows R, R + 4, R + 8 and R + 12. The compiler would make two halves of them first, an instruction more.
SIMD __m512i four_rows(rows at, const int R) {
  return four_quarters(sixteen_bytes(at, R), sixteen_bytes(at, R + 4), sixteen_bytes(at, R + 8),
                       sixteen_bytes(at, R + 12));
}
// 16 bytes of every row: vector j has bytes 4j...4j+3.
SIMD void vq_bytes(rows at, const int LAYOUT, vq *bytes) {
  (void)LAYOUT;
  __m512i quarters[4], pairs[4];
  UNROLL for (int r = 0; r < 4; r++) quarters[r] = four_rows(at, r);
  UNROLL for (int r = 0; r < 4; r += 2) {
    pairs[r] = _mm512_unpacklo_epi32(quarters[r], quarters[r + 1]);
    pairs[r + 1] = _mm512_unpackhi_epi32(quarters[r], quarters[r + 1]);
  }
  UNROLL for (int j = 0; j < 2; j++) {
    bytes[2 * j] = _mm512_unpacklo_epi64(pairs[j], pairs[2 + j]);
    bytes[2 * j + 1] = _mm512_unpackhi_epi64(pairs[j], pairs[2 + j]);
  }
}
SIMD __m128i eight_halves(rows at, const int R) {
  int16_t halves[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(halves + r, row_at(at, R + r), 2);
  return _mm_setr_epi16(halves[0], halves[1], halves[2], halves[3], halves[4], halves[5], halves[6], halves[7]);
}
// A half of every row as floats.
SIMD vf vf_halves(rows at) {
  return _mm512_cvtph_ps(_mm256_set_m128i(eight_halves(at, 8), eight_halves(at, 0)));
}
// The halves of every lane's word.
SIMD vf vf_half_pairs(vq words, vf *second) {
  *second = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(words, 16)));
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
}
// Every lane's word two bytes on: the upper half of a's, then the lower half of b's.
SIMD vq vq_join(vq a, vq b) {
  return _mm512_rol_epi32(_mm512_mask_blend_epi16(0x55555555, a, b), 16);
}

// ---- codes

SIMD vq vq_load(const void *p) { return _mm512_loadu_si512(p); }
SIMD vq vq_and(vq a, int byte) { return _mm512_and_si512(a, _mm512_set1_epi8((char)byte)); }
SIMD vq vq_add(vq a, int byte) { return _mm512_add_epi8(a, _mm512_set1_epi8((char)byte)); }
SIMD vq vq_or(vq a, vq b) { return _mm512_or_si512(a, b); }
SIMD vq vq_xor(vq a, vq b) { return _mm512_xor_si512(a, b); }
SIMD vq vq_sum(vq a, vq b) { return _mm512_add_epi8(a, b); }
// Shifts bytes down; bits come in from the neighbour above, so the caller masks.
SIMD vq vq_shr(vq a, int bits) { return _mm512_srli_epi16(a, (unsigned)bits); }
// Moves bit `from` of every byte and those above to bit `to`; the caller masks.
SIMD vq vq_to_bit(vq a, int from, int to) {
  return from > to ? _mm512_srli_epi16(a, (unsigned)(from - to)) : _mm512_slli_epi16(a, (unsigned)(to - from));
}
SIMD vq vq_lookup(const int8_t *table, vq codes) {
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table)), codes);
}
// Byte i of a lane is VALUE where bit 4j + i of its word is set, else 0.
SIMD vq vq_bits(vq words, int j, const int LAYOUT, const int VALUE) {
  (void)LAYOUT;
  const __m512i of_nibble = _mm512_setr_epi32(0, 1, 1 << 8, 0x101, 1 << 16, 0x10001, 0x10100, 0x10101, 1 << 24, 0x1000001,
                                              0x1000100, 0x1000101, 0x1010000, 0x1010001, 0x1010100, 0x1010101);
  const __m512i values = _mm512_mullo_epi32(of_nibble, _mm512_set1_epi32(VALUE));
  return _mm512_permutexvar_epi32(_mm512_srli_epi32(words, (unsigned)(4 * j)), values);
}

// Codes that change sides of MIDDLE where vq_bits has its value.
SIMD vq vq_mirrored(vq codes, vq words, int j, const int MIDDLE) {
  const __m128i first = _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c);
  const __m512i source = _mm512_broadcast_i32x4(_mm_add_epi8(first, _mm_set1_epi8((char)(j / 2))));
  const __m512i bit = _mm512_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201);
  const __mmask64 below = _mm512_test_epi8_mask(_mm512_shuffle_epi8(words, source), bit);
  return _mm512_mask_sub_epi8(codes, below, _mm512_set1_epi8((char)(2 * MIDDLE)), codes);
}
// Four codes for each lane's index.
SIMD vq vq_gather_fours(const uint32_t *table, vi index) { return _mm512_i32gather_epi32(index, table, 4); }
// Eight codes for each lane's index: four in each of two vectors.
SIMD void vq_gather_eights(const uint64_t *table, vi index, vq *codes) {
  const __m512i pairs = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), index);
  const __m512 a = _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_castsi512_si256(pairs), table, 8));
  const __m512 b = _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_extracti64x4_epi64(pairs, 1), table, 8));
  codes[0] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88));
  codes[1] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd));
}

// Bytes of a times the byte that both 16-bit halves of a lane of b have, modulo 256.
SIMD vq vq_multiply(vq a, vi b) {
  const __m512i upper = _mm512_set1_epi16((short)0xff00);
  const __m512i high = _mm512_mullo_epi16(_mm512_and_si512(a, upper), b);
  return _mm512_or_si512(high, _mm512_andnot_si512(upper, _mm512_mullo_epi16(a, b)));
}
SIMD vq vq_zero(void) { return _mm512_setzero_si512(); }
SIMD vq vq_subtract(vq a, vq b) { return _mm512_sub_epi8(a, b); }

SIMD vi vi_zero(void) { return _mm512_setzero_si512(); }
SIMD vi vi_splat(int a) { return _mm512_set1_epi32(a); }
// Four activations in every lane.
SIMD vi vi_splat_word(const int8_t *a) {
  int32_t word;
  memcpy(&word, a, 4);
  return vi_splat(word);
}
SIMD vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
SIMD vi vi_and(vi a, int b) { return _mm512_and_si512(a, _mm512_set1_epi32(b)); }
SIMD vi vi_shr(vi a, int bits) { return _mm512_srli_epi32(a, (unsigned)bits); }
SIMD vi vi_from_vq(vq a) { return a; }
SIMD vq vq_from_vi(vi a) { return a; }
SIMD vi vi_sum(vi a, vi b) { return _mm512_add_epi32(a, b); }
SIMD vi vi_sra(vi a, int bits) { return _mm512_srai_epi32(a, (unsigned)bits); }
SIMD vi vi_add(vi a, int b) { return _mm512_add_epi32(a, _mm512_set1_epi32(b)); }
SIMD vi vi_shl(vi a, int bits) { return _mm512_slli_epi32(a, (unsigned)bits); }
SIMD vi vi_field(vq words, int shift, int bits) {
  return _mm512_and_si512(_mm512_srli_epi32(words, (unsigned)shift), _mm512_set1_epi32((1 << bits) - 1));
}
SIMD vi vi_signed_byte(vq words, int byte) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(1 << 8 * byte), words);
}
// Signed bytes 2p and 2p + 1 of every lane times FACTOR, as 16-bit integers. FACTOR: a power of two up to 128.
SIMD vi vi_pairs(vq words, int p, const int FACTOR) {
  const __m128i lanes = _mm_setr_epi32(0, 0x04000400, 0x08000800, 0x0c000c00);
  const __m128i order = _mm_add_epi8(lanes, _mm_set1_epi32((int)0x01800080 + p * 0x02000200));
  const __m512i upper = _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(order));
  return _mm512_srai_epi16(upper, (unsigned)(8 - __builtin_ctz(FACTOR)));
}
// The lower half of every lane of a, the upper one of b.
SIMD vi vi_halves(vi a, vi b) { return _mm512_mask_blend_epi16(0xaaaaaaaa, a, b); }
SIMD vi vi_dot_pairs(vi a, vi b) { return _mm512_madd_epi16(a, b); }
SIMD vi vi_dpbusd(vi sum, vq codes, vi words) { return _mm512_dpbusd_epi32(sum, codes, words); }

#include "sums_x86.h"
