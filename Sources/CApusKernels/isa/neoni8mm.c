#include "CApusKernels.h"
#include <string.h>

#if defined(__aarch64__)
#include <arm_neon.h>

#define APUS_ISA neoni8mm
#define APUS_HAS_I8MM
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#include "level_begin.h"

#include "../formats/half.h"
#include "simd_neon.h"

#include "level.h"
#pragma clang attribute pop
#endif
