#include "CApusKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define APUS_ISA avxvnni
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#include "level_begin.h"

#include "../formats/half.h"
#include "simd_avx2.h"

SIMD vi vi_dpbusd(vi sum, vq codes, vi words) { return _mm256_dpbusd_avx_epi32(sum, codes, words); }
#include "dot_vnni.h"

#include "level.h"
#pragma clang attribute pop
#endif
