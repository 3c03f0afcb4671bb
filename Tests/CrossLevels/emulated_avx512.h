// AVX-512 and AVX-VNNI in plain C and AVX2: SIMDe (Debian's libsimde-dev), and what its version 0.7 lacks.
// Included before the level's own code.
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/simde-common.h>
#undef SIMDE_REQUIRE_CONSTANT // an argument of an inlined function is no constant to it
#define SIMDE_REQUIRE_CONSTANT(arg)
#include <simde/x86/avx512.h>

#define CONVERT(name, from, to, lane_from, lane_to, count, expression)                                               \
  static inline to emulated_##name(from source) {                                                                    \
    lane_from x[count];                                                                                              \
    lane_to y[count];                                                                                                \
    to result;                                                                                                       \
    memcpy(x, &source, sizeof x);                                                                                    \
    for (int i = 0; i < count; i++)                                                                                  \
      y[i] = expression;                                                                                             \
    memcpy(&result, y, sizeof y);                                                                                    \
    return result;                                                                                                   \
  }

CONVERT(cvtph_ps, __m256i, simde__m512, _Float16, float, 16, (float)x[i])
CONVERT(cvtps_ph, simde__m512, __m256i, float, _Float16, 16, (_Float16)x[i])
CONVERT(cvtepu16_epi32, __m256i, simde__m512i, uint16_t, int32_t, 16, x[i])
CONVERT(cvtepi8_epi32, __m128i, simde__m512i, int8_t, int32_t, 16, x[i])
CONVERT(cvtepi32_ps, simde__m512i, simde__m512, int32_t, float, 16, (float)x[i])
CONVERT(cvtepi32_epi16, simde__m512i, __m256i, int32_t, int16_t, 16, (int16_t)x[i])
CONVERT(upper_half, simde__m512, __m256, float, float, 8, (memcpy(x, (char *)&source + 32, 32), x[i]))

#define SHIFT_RIGHT(name, lane, count)                                                                               \
  static inline simde__m512i emulated_##name(simde__m512i a, unsigned bits) {                                        \
    lane x[count];                                                                                                   \
    memcpy(x, &a, sizeof x);                                                                                         \
    for (int i = 0; i < count; i++)                                                                                  \
      x[i] >>= bits;                                                                                                 \
    memcpy(&a, x, sizeof x);                                                                                         \
    return a;                                                                                                        \
  }

SHIFT_RIGHT(srai_epi32, int32_t, 16)
SHIFT_RIGHT(srai_epi16, int16_t, 32)

// SIMDe 0.7 gives this name four arguments.
static inline simde__m512i emulated_madd_epi16(simde__m512i a, simde__m512i b) {
  int16_t x[32], y[32];
  int32_t sums[16];
  memcpy(x, &a, sizeof x);
  memcpy(y, &b, sizeof y);
  for (int i = 0; i < 16; i++)
    sums[i] = x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
  memcpy(&a, sums, sizeof sums);
  return a;
}

// Functions of their own, once for all the places that call them: less to compile.
#define OUT_OF_LINE(name, type)                                                                                      \
  static __attribute__((noinline)) type emulated_##name(type sum, type a, type b) {                                  \
    return simde_##name##_epi32(sum, a, b);                                                                          \
  }
OUT_OF_LINE(mm512_dpbusd, simde__m512i)
OUT_OF_LINE(mm256_dpbusd, __m256i)

#define GATHER(name, indices, lane, count)                                                                             \
  static inline simde__m512i emulated_##name(indices source, const void *table) {                                    \
    int32_t x[count];                                                                                                \
    lane y[count];                                                                                                   \
    simde__m512i result;                                                                                             \
    memcpy(x, &source, sizeof x);                                                                                    \
    for (int i = 0; i < count; i++)                                                                                  \
      y[i] = ((const lane *)table)[x[i]];                                                                            \
    memcpy(&result, y, sizeof y);                                                                                    \
    return result;                                                                                                   \
  }

GATHER(i32gather_epi32, simde__m512i, int32_t, 16)
GATHER(i32gather_epi64, __m256i, int64_t, 8)

#undef _mm512_cvtph_ps
#undef _mm512_cvtps_ph
#undef _mm512_cvtepu16_epi32
#undef _mm512_cvtepi8_epi32
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtepi32_epi16
#undef _mm512_srai_epi32
#undef _mm512_srai_epi16
#undef _mm512_madd_epi16
#undef _mm512_i32gather_epi32
#undef _mm512_i32gather_epi64
#undef _mm512_extractf32x8_ps
#undef _mm512_dpbusd_epi32
#undef _mm256_dpbusd_avx_epi32
#define _mm512_cvtph_ps emulated_cvtph_ps
#define _mm512_cvtps_ph(a, rounding) emulated_cvtps_ph(a)
#define _mm512_cvtepu16_epi32 emulated_cvtepu16_epi32
#define _mm512_cvtepi8_epi32 emulated_cvtepi8_epi32
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvtepi32_epi16 emulated_cvtepi32_epi16
#define _mm512_srai_epi32 emulated_srai_epi32
#define _mm512_srai_epi16 emulated_srai_epi16
#define _mm512_madd_epi16 emulated_madd_epi16
#define _mm512_i32gather_epi32(index, table, scale) emulated_i32gather_epi32(index, table)
#define _mm512_i32gather_epi64(index, table, scale) emulated_i32gather_epi64(index, table)
#define _mm512_extractf32x8_ps(a, index) emulated_upper_half(a)
#define _mm512_dpbusd_epi32 emulated_mm512_dpbusd
#define _mm256_dpbusd_avx_epi32 emulated_mm256_dpbusd
