#include "CApusKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define APUS_ISA avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "level_begin.h"

#include "../formats/half.h"
#include "simd_avx2.h"

#include "dot_maddubs.h"

#include "level.h"
#pragma clang attribute pop
#endif
