// The primitives on AVX2, FMA and F16C. vf: eight floats; vi: eight integers; vq: four codes of each of eight rows.

enum { VF = 8 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vq;

// ---- floats

SIMD vf vf_zero(void) { return _mm256_setzero_ps(); }
SIMD vf vf_splat(float x) { return _mm256_set1_ps(x); }
SIMD vf vf_load_f32(const void *p) { return _mm256_loadu_ps(p); }
SIMD vf vf_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
SIMD vf vf_load_bf16(const void *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
SIMD vf vf_load_i8(const int8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
SIMD void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
SIMD void vf_store_f16(apus_f16 *p, vf a) { _mm_storeu_si128((void *)p, _mm256_cvtps_ph(a, 0)); }
SIMD vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
SIMD vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
SIMD vf vf_fms(vf a, vf b, vf c) { return _mm256_fmsub_ps(a, b, c); }
SIMD vf vf_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
SIMD vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
SIMD vf vf_from_vi(vi a) { return _mm256_cvtepi32_ps(a); }
SIMD vf vf_from_bits(vi a) { return _mm256_castsi256_ps(a); }
SIMD float vf_sum(vf a) {
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
// The sum of each of four vectors.
SIMD four vf_sum_four(const vf *a) {
  const __m256 halves = _mm256_hadd_ps(_mm256_hadd_ps(a[0], a[1]), _mm256_hadd_ps(a[2], a[3]));
  return _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}
SIMD float f16_scalar(const apus_f16 *p) { return _cvtsh_ss(*p); }
SIMD apus_f16 f16_from_float(float x) { return _cvtss_sh(x, 0); }

// ---- the same place in eight rows, `stride` bytes apart: lane r is row r

#include "rows_by_stride.h"

SIMD vq vq_words(rows at) {
  int32_t words[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(words + r, at.row0 + r * at.stride, 4);
  return _mm256_setr_epi32(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
}
// 16 bytes of every row. LANES: vector j has bytes 4j...4j+3 of each row in its lane. ROWS: vector j has all bytes
// of row j in its lower half and of row j + 4 in its upper half.
SIMD void vq_bytes(rows at, const int LAYOUT, vq *bytes) {
  __m256i pairs[4];
  UNROLL for (int r = 0; r < 4; r++) {
    const __m128i low = _mm_loadu_si128((const void *)(at.row0 + r * at.stride));
    const __m128i high = _mm_loadu_si128((const void *)(at.row0 + (r + 4) * at.stride));
    bytes[r] = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }
  if (LAYOUT == ROWS)
    return;
  UNROLL for (int r = 0; r < 4; r += 2) {
    pairs[r] = _mm256_unpacklo_epi32(bytes[r], bytes[r + 1]);
    pairs[r + 1] = _mm256_unpackhi_epi32(bytes[r], bytes[r + 1]);
  }
  UNROLL for (int j = 0; j < 2; j++) {
    bytes[2 * j] = _mm256_unpacklo_epi64(pairs[j], pairs[2 + j]);
    bytes[2 * j + 1] = _mm256_unpackhi_epi64(pairs[j], pairs[2 + j]);
  }
}
// A half of every row as floats.
SIMD vf vf_halves(rows at) {
  int16_t halves[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(halves + r, at.row0 + r * at.stride, 2);
  return _mm256_cvtph_ps(_mm_setr_epi16(halves[0], halves[1], halves[2], halves[3], halves[4], halves[5], halves[6],
                                        halves[7]));
}
// The halves of every lane's word.
SIMD vf vf_half_pairs(vq words, vf *second) {
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13,
                                         2, 3, 6, 7, 10, 11, 14, 15);
  __m256i apart = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(words, order), 0xd8);
  *second = _mm256_cvtph_ps(_mm256_extracti128_si256(apart, 1));
  return _mm256_cvtph_ps(_mm256_castsi256_si128(apart));
}
// Every lane's word two bytes on: the upper half of a's, then the lower half of b's.
SIMD vq vq_join(vq a, vq b) {
  const __m256i turned = _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5,
                                          10, 11, 8, 9, 14, 15, 12, 13);
  return _mm256_shuffle_epi8(_mm256_blend_epi16(a, b, 0x55), turned);
}

// ---- codes

SIMD vq vq_load(const void *p) { return _mm256_loadu_si256(p); }
SIMD vq vq_and(vq a, int byte) { return _mm256_and_si256(a, _mm256_set1_epi8((char)byte)); }
SIMD vq vq_add(vq a, int byte) { return _mm256_add_epi8(a, _mm256_set1_epi8((char)byte)); }
SIMD vq vq_or(vq a, vq b) { return _mm256_or_si256(a, b); }
SIMD vq vq_xor(vq a, vq b) { return _mm256_xor_si256(a, b); }
SIMD vq vq_sum(vq a, vq b) { return _mm256_add_epi8(a, b); }
// Shifts bytes down; bits come in from the neighbour above, so the caller masks.
SIMD vq vq_shr(vq a, int bits) { return _mm256_srli_epi16(a, bits); }
// Moves bit `from` of every byte and those above to bit `to`; the caller masks.
SIMD vq vq_to_bit(vq a, int from, int to) {
  return from > to ? _mm256_srli_epi16(a, from - to) : _mm256_slli_epi16(a, to - from);
}
SIMD vq vq_lookup(const int8_t *table, vq codes) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), codes);
}
// VALUE in the bytes of codes whose bit is set in their row's word, else 0; vector j of the codes of 32 weights.
SIMD vq vq_bits(vq words, int j, const int LAYOUT, const int VALUE) {
  const __m128i four = _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c);
  const __m128i eight = _mm_setr_epi32(0, 0, 0x01010101, 0x01010101);
  const __m128i source = LAYOUT != ROWS ? _mm_add_epi8(four, _mm_set1_epi8((char)(j / 2)))
                                        : _mm_add_epi8(eight, _mm_set1_epi8((char)(4 * (j % 4) + 2 * (j / 4))));
  const __m256i bit = LAYOUT != ROWS ? _mm256_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201)
                                     : _mm256_set1_epi64x((int64_t)0x8040201008040201);
  const __m256i bytes = _mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(source));
  return vq_and(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit), VALUE);
}

// Codes that change sides of MIDDLE where vq_bits has its value.
SIMD vq vq_mirrored(vq codes, vq words, int j, const int MIDDLE) {
  const __m256i all = vq_bits(words, j, LANES, 255);
  return _mm256_add_epi8(_mm256_xor_si256(codes, all), vq_and(all, 2 * MIDDLE + 1));
}
// Four codes for each lane's index.
SIMD vq vq_gather_fours(const uint32_t *table, vi index) {
  return _mm256_i32gather_epi32((const int *)table, index, 4);
}
// Eight codes for each lane's index: four in each of two vectors.
SIMD void vq_gather_eights(const uint64_t *table, vi index, vq *codes) {
  const __m128i low = _mm256_castsi256_si128(index), high = _mm256_extracti128_si256(index, 1);
  const __m256 a = _mm256_castsi256_ps(_mm256_i32gather_epi64((const long long *)table, _mm_unpacklo_epi64(low, high), 8));
  const __m256 b = _mm256_castsi256_ps(_mm256_i32gather_epi64((const long long *)table, _mm_unpackhi_epi64(low, high), 8));
  codes[0] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
  codes[1] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
}

// Bytes of a times the byte that both 16-bit halves of a lane of b have, modulo 256.
SIMD vq vq_multiply(vq a, vi b) {
  const __m256i upper = _mm256_set1_epi16((short)0xff00);
  const __m256i high = _mm256_mullo_epi16(_mm256_and_si256(a, upper), b);
  return _mm256_or_si256(high, _mm256_andnot_si256(upper, _mm256_mullo_epi16(a, b)));
}
SIMD vq vq_zero(void) { return _mm256_setzero_si256(); }
SIMD vq vq_subtract(vq a, vq b) { return _mm256_sub_epi8(a, b); }

SIMD vi vi_zero(void) { return _mm256_setzero_si256(); }
SIMD vi vi_splat(int a) { return _mm256_set1_epi32(a); }
// Four activations in every lane.
SIMD vi vi_splat_word(const int8_t *a) {
  int32_t word;
  memcpy(&word, a, 4);
  return vi_splat(word);
}
SIMD vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
SIMD vi vi_and(vi a, int b) { return _mm256_and_si256(a, _mm256_set1_epi32(b)); }
SIMD vi vi_shr(vi a, int bits) { return _mm256_srli_epi32(a, bits); }
SIMD vi vi_from_vq(vq a) { return a; }
SIMD vq vq_from_vi(vi a) { return a; }
SIMD vi vi_sum(vi a, vi b) { return _mm256_add_epi32(a, b); }
SIMD vi vi_sra(vi a, int bits) { return _mm256_srai_epi32(a, bits); }
SIMD vi vi_add(vi a, int b) { return _mm256_add_epi32(a, _mm256_set1_epi32(b)); }
SIMD vi vi_shl(vi a, int bits) { return _mm256_slli_epi32(a, bits); }
SIMD vi vi_field(vq words, int shift, int bits) {
  return _mm256_and_si256(_mm256_srli_epi32(words, shift), _mm256_set1_epi32((1 << bits) - 1));
}
SIMD vi vi_signed_byte(vq words, int byte) {
  return _mm256_srai_epi32(_mm256_slli_epi32(words, 24 - 8 * byte), 24);
}
// Signed bytes 2p and 2p + 1 of every lane times FACTOR, as 16-bit integers. FACTOR: a power of two up to 128.
SIMD vi vi_pairs(vq words, int p, const int FACTOR) {
  const __m128i lanes = _mm_setr_epi32(0, 0x04000400, 0x08000800, 0x0c000c00);
  const __m128i order = _mm_add_epi8(lanes, _mm_set1_epi32((int)0x01800080 + p * 0x02000200));
  return _mm256_srai_epi16(_mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(order)), 8 - __builtin_ctz(FACTOR));
}
// The lower half of every lane of a, the upper one of b.
SIMD vi vi_halves(vi a, vi b) { return _mm256_blend_epi16(a, b, 0xaa); }
SIMD vi vi_dot_pairs(vi a, vi b) { return _mm256_madd_epi16(a, b); }

#include "sums_x86.h"
