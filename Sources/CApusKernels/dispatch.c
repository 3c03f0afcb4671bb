// Levels in rising order; level n is the sum of the overlays 0...n, so every level is complete.
#include "cpu_features.h"
#include "overlays.h"
#include <stdio.h>

enum { AVX2 = APUS_CPU_AVX2 | APUS_CPU_FMA | APUS_CPU_F16C };

static const struct {
  const char *name;
  uint32_t needs;
  void (*overlay)(apus_kernels *);
} levels[] = {
    {"reference", 0, apus_overlay__reference},
#if defined(__x86_64__)
    {"avx2", AVX2, apus_overlay__avx2},
    {"avxvnni", AVX2 | APUS_CPU_AVXVNNI, apus_overlay__avxvnni},
    {"avx512vnni", AVX2 | APUS_CPU_AVX512 | APUS_CPU_AVX512VNNI, apus_overlay__avx512vnni},
#elif defined(__aarch64__)
    {"neon", APUS_CPU_DOTPROD, apus_overlay__neon},
    {"neoni8mm", APUS_CPU_DOTPROD | APUS_CPU_I8MM, apus_overlay__neoni8mm},
#endif
};

size_t apus_level_count(void) { return sizeof levels / sizeof levels[0]; }

const char *apus_level_name(size_t level) { return level < apus_level_count() ? levels[level].name : ""; }

int apus_level_supported(size_t level) {
  if (level >= apus_level_count())
    return 0;
  return (apus_cpu_features() & levels[level].needs) == levels[level].needs;
}

// Each the fastest where it was measured (Docs/Lab/decode.md): Intel's prefetchers follow several streams, Zen 5 drops
// requests.
static apus_core core_of(uint32_t features) {
  const int large_l1 = (features & APUS_CPU_LARGE_L1) != 0;
  return (apus_core){large_l1, features & APUS_CPU_INTEL ? APUS_PREFETCH_STREAMS
                               : large_l1                ? APUS_PREFETCH_NEAR
                                                         : APUS_PREFETCH_FAR};
}

int apus_kernels_load(apus_kernels *kernels, size_t level) {
  if (!apus_level_supported(level))
    return 0;
  for (size_t i = 0; i <= level; i++)
    levels[i].overlay(kernels);
  kernels->name = levels[level].name;
  kernels->core = core_of(apus_cpu_features());
  return 1;
}

void apus_cpu_description(char *text, size_t capacity) {
  static const struct {
    uint32_t bit;
    const char *name;
  } names[] = {{APUS_CPU_AVX2, "avx2"},      {APUS_CPU_FMA, "fma"},
               {APUS_CPU_F16C, "f16c"},      {APUS_CPU_AVX512, "avx512f+bw+vl+dq"},
               {APUS_CPU_AVXVNNI, "avxvnni"}, {APUS_CPU_AVX512VNNI, "avx512vnni"},
               {APUS_CPU_DOTPROD, "neon+dotprod"}, {APUS_CPU_I8MM, "i8mm"}};
  uint32_t features = apus_cpu_features();
  size_t length = 0;
  if (capacity > 0)
    text[0] = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (!(features & names[i].bit) || length >= capacity)
      continue;
    int written = snprintf(text + length, capacity - length, "%s%s", length ? " " : "", names[i].name);
    length += written > 0 ? (size_t)written : 0;
  }
}
