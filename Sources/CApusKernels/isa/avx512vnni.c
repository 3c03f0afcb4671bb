#include "CApusKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define APUS_ISA avx512vnni
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), apply_to = function)
#include "level_begin.h"

#include "../formats/half.h"
#include "simd_avx512vnni.h"

#include "dot_vnni.h"

#include "level.h"
#pragma clang attribute pop
#endif
