// The primitives on AVX-512 with VNNI: AVX2's, with one instruction for four byte products and floats twice as wide.
#define APUS_HAS_VNNI
#include "simd_avx2.h"

enum { VF = 16 };
typedef __m512 vf;
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
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
SIMD vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
SIMD float vf_sum(vf a) { return f8_sum(_mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1))); }
