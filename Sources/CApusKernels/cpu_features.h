// What this machine's CPU can do, as bits; asked only by dispatch.c.
#ifndef APUS_CPU_FEATURES_H
#define APUS_CPU_FEATURES_H

#include <stdint.h>

enum {
  APUS_CPU_AVX2 = 1 << 0,
  APUS_CPU_FMA = 1 << 1,
  APUS_CPU_F16C = 1 << 2,
  APUS_CPU_AVX512 = 1 << 3, // F, BW, VL and DQ
  APUS_CPU_AVX512VNNI = 1 << 4,
  APUS_CPU_AVXVNNI = 1 << 5, // on 256 bits, encoded as AVX
  APUS_CPU_DOTPROD = 1 << 6,
  APUS_CPU_I8MM = 1 << 7,
  APUS_CPU_LARGE_L1 = 1 << 8, // 48 KiB or more of first-level data cache
  APUS_CPU_INTEL = 1 << 9,
};

uint32_t apus_cpu_features(void);

#endif
