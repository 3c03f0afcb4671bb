// The primitives on AVX2, FMA and F16C. v32: 32 bytes; f8: eight floats beside them; vf: the widest float vector.

typedef __m256i v32;
typedef __m256 f8;

SIMD v32 v32_load(const void *p) { return _mm256_loadu_si256(p); }
// 16 bytes to 32 codes: the low nibbles, then the high ones.
SIMD v32 v32_load_nibbles(const void *p) {
  __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128(p));
  __m256i shifted = _mm256_srlv_epi32(twice, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4));
  return _mm256_and_si256(shifted, _mm256_set1_epi8(15));
}
SIMD v32 v32_and(v32 a, int byte) { return _mm256_and_si256(a, _mm256_set1_epi8((char)byte)); }
SIMD v32 v32_or(v32 a, v32 b) { return _mm256_or_si256(a, b); }
// Shifts bytes; bits come in from the neighbour above, so the caller masks.
SIMD v32 v32_shr(v32 a, int bits) { return _mm256_srli_epi16(a, bits); }
// Shifts bytes whose upper `bits` bits are zero.
SIMD v32 v32_shl(v32 a, int bits) { return _mm256_slli_epi16(a, bits); }
// Byte j is all ones where bit j of the 32 bits at p is set.
SIMD v32 v32_bits(const void *p) {
  int32_t bits;
  memcpy(&bits, p, 4);
  const __m256i source = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201);
  __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), source);
  return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}
SIMD v32 v32_lookup(const int8_t *table, v32 codes) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), codes);
}

SIMD f8 f8_zero(void) { return _mm256_setzero_ps(); }
SIMD f8 f8_splat(float x) { return _mm256_set1_ps(x); }
SIMD f8 f8_load(const float *p) { return _mm256_loadu_ps(p); }
SIMD void f8_store(float *p, f8 a) { _mm256_storeu_ps(p, a); }
// Lane 0 from p, the others 0.
SIMD f8 f8_first(const float *p) { return _mm256_zextps128_ps256(_mm_load_ss(p)); }
// Lanes 0-3 the first value, 4-7 the second.
SIMD f8 f8_pair(float a, float b) { return _mm256_set_m128(_mm_set1_ps(b), _mm_set1_ps(a)); }
SIMD f8 f8_mul(f8 a, f8 b) { return _mm256_mul_ps(a, b); }
SIMD f8 f8_fma(f8 a, f8 b, f8 c) { return _mm256_fmadd_ps(a, b, c); }
SIMD f8 f8_fnma(f8 a, f8 b, f8 c) { return _mm256_fnmadd_ps(a, b, c); }
SIMD f8 f8_from_u8(const uint8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)));
}
SIMD f8 f8_from_i8(const int8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
SIMD float f8_sum(f8 a) {
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
SIMD float f16_scalar(const apus_f16 *p) { return _cvtsh_ss(*p); }
SIMD f8 f8_splat_f16(const apus_f16 *p) { return _mm256_cvtph_ps(_mm_set1_epi16((short)*p)); }
// The first of two neighbours in all lanes, and the second in `*second`: one conversion for both.
SIMD f8 f8_splat_f16_pair(const apus_f16 *p, f8 *second) {
  int32_t both;
  memcpy(&both, p, 4);
  f8 pairs = _mm256_cvtph_ps(_mm_set1_epi32(both));
  *second = _mm256_movehdup_ps(pairs);
  return _mm256_moveldup_ps(pairs);
}

// Lane j: the sum of the products of bytes 4j...4j+3. Unsigned codes up to 127: pairs stay within 16 bits.
#ifndef APUS_HAS_VNNI
SIMD f8 f8_dot_unsigned(v32 codes, v32 activations) {
  __m256i pairs = _mm256_maddubs_epi16(codes, activations);
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#else
SIMD f8 f8_dot_unsigned(v32 codes, v32 activations) {
  return _mm256_cvtepi32_ps(_mm256_dpbusd_epi32(_mm256_setzero_si256(), codes, activations));
}
#endif
// Signed codes: |code| * (activation with the code's sign); 128 * 127 * 2 stays within 16 bits.
SIMD f8 f8_dot_signed(v32 codes, v32 activations) {
  return f8_dot_unsigned(_mm256_abs_epi8(codes), _mm256_sign_epi8(activations, codes));
}

#ifndef APUS_HAS_VNNI
enum { VF = 8 };
typedef __m256 vf;
SIMD vf vf_zero(void) { return _mm256_setzero_ps(); }
SIMD vf vf_splat(float x) { return _mm256_set1_ps(x); }
SIMD vf vf_load_f32(const void *p) { return _mm256_loadu_ps(p); }
SIMD vf vf_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
SIMD vf vf_load_bf16(const void *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
SIMD vf vf_load_i8(const int8_t *p) { return f8_from_i8(p); }
SIMD void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
SIMD void vf_store_f16(apus_f16 *p, vf a) { _mm_storeu_si128((void *)p, _mm256_cvtps_ph(a, 0)); }
SIMD vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
SIMD vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
SIMD float vf_sum(vf a) { return f8_sum(a); }
#endif
