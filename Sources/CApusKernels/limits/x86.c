#include "loops.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 "avx2,avx512f,avx512bw,avx512vl,avx512dq"

APUS_LOOP(int8_maddubs_int32, "avx2", __m256i, "x", _mm256_setzero_si256(), _mm256_set1_epi8(3), _mm256_set1_epi16(1),
          _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), b)))
APUS_LOOP(int8_maddubs_int16, "avx2", __m256i, "x", _mm256_setzero_si256(), _mm256_set1_epi8(3), _mm256_set1_epi8(1),
          _mm256_add_epi16(sum, _mm256_maddubs_epi16(a, b)))
APUS_LOOP(int8_dpbusd_ymm, "avx2,avxvnni", __m256i, "x", _mm256_setzero_si256(), _mm256_set1_epi8(3),
          _mm256_set1_epi8(1), _mm256_dpbusd_avx_epi32(sum, a, b))
APUS_LOOP(int8_dpbusd_zmm, AVX512 ",avx512vnni", __m512i, "v", _mm512_setzero_si512(), _mm512_set1_epi8(3),
          _mm512_set1_epi8(1), _mm512_dpbusd_epi32(sum, a, b))
APUS_LOOP(float_fma_ymm, "avx2,fma", __m256, "x", _mm256_setzero_ps(), _mm256_set1_ps(1), _mm256_set1_ps(1e-9f),
          _mm256_fmadd_ps(a, b, sum))
APUS_LOOP(float_fma_zmm, AVX512, __m512, "v", _mm512_setzero_ps(), _mm512_set1_ps(1), _mm512_set1_ps(1e-9f),
          _mm512_fmadd_ps(a, b, sum))

const apus_loop apus_loops[] = {
    {"vpmaddubsw + vpmaddwd + vpaddd", APUS_LOOP_INT8, APUS_CPU_AVX2, 64, int8_maddubs_int32},
    {"vpmaddubsw + vpaddw", APUS_LOOP_INT8, APUS_CPU_AVX2, 64, int8_maddubs_int16},
    {"vpdpbusd ymm", APUS_LOOP_INT8, APUS_CPU_AVX2 | APUS_CPU_AVXVNNI, 64, int8_dpbusd_ymm},
    {"vpdpbusd zmm", APUS_LOOP_INT8, APUS_CPU_AVX512 | APUS_CPU_AVX512VNNI, 128, int8_dpbusd_zmm},
    {"vfmadd ymm", APUS_LOOP_FLOAT, APUS_CPU_AVX2 | APUS_CPU_FMA, 16, float_fma_ymm},
    {"vfmadd zmm", APUS_LOOP_FLOAT, APUS_CPU_AVX512, 32, float_fma_zmm},
};
const size_t apus_loops_count = sizeof apus_loops / sizeof apus_loops[0];
#endif
