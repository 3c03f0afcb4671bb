#include "cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stddef.h>

// Not every compiler's run-time support knows AVX-VNNI: it is bit 4 of eax of leaf 7, subleaf 1. A leaf that the CPU
// lacks reads as 0.
static int has_avxvnni(void) {
  unsigned int eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && eax & 1 << 4;
}

// Intel has the caches in leaf 4, AMD in 0x8000001d, in one form: type and level in eax, ways, partitions and bytes of
// a line less one in ebx, sets less one in ecx.
static size_t first_data_cache_bytes(unsigned int leaf) {
  enum { DATA = 1 };
  for (unsigned int i = 0; i < 8; i++) {
    unsigned int eax, ebx, ecx, edx;
    if (!__get_cpuid_count(leaf, i, &eax, &ebx, &ecx, &edx) || (eax & 31) == 0)
      return 0;
    if ((eax & 31) == DATA && (eax >> 5 & 7) == 1)
      return ((size_t)(ebx >> 22) + 1) * ((ebx >> 12 & 1023) + 1) * ((ebx & 4095) + 1) * ((size_t)ecx + 1);
  }
  return 0;
}

static int is_intel(void) {
  unsigned int eax, ebx, ecx, edx;
  return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx && ecx == signature_INTEL_ecx &&
         edx == signature_INTEL_edx;
}

// The compiler's run-time support asks cpuid, and the operating system's XCR0 for the wide registers.
uint32_t apus_cpu_features(void) {
  uint32_t bits = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2"))
    bits |= APUS_CPU_AVX2;
  if (__builtin_cpu_supports("fma"))
    bits |= APUS_CPU_FMA;
  if (__builtin_cpu_supports("f16c"))
    bits |= APUS_CPU_F16C;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq"))
    bits |= APUS_CPU_AVX512;
  if (__builtin_cpu_supports("avx512vnni"))
    bits |= APUS_CPU_AVX512VNNI;
  if (bits & APUS_CPU_AVX2 && has_avxvnni())
    bits |= APUS_CPU_AVXVNNI;
  if (first_data_cache_bytes(4) >= 48 << 10 || first_data_cache_bytes(0x8000001d) >= 48 << 10)
    bits |= APUS_CPU_LARGE_L1;
  if (is_intel())
    bits |= APUS_CPU_INTEL;
  return bits;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

#ifndef HWCAP2_I8MM // headers before Linux 5.10
#define HWCAP2_I8MM (1 << 13)
#endif

uint32_t apus_cpu_features(void) {
  uint32_t bits = 0;
  if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
    bits |= APUS_CPU_DOTPROD;
  if (getauxval(AT_HWCAP2) & HWCAP2_I8MM)
    bits |= APUS_CPU_I8MM;
  return bits;
}
#elif defined(__aarch64__) && defined(__APPLE__)
#include <stddef.h>
#include <sys/sysctl.h>

// Every Apple silicon CPU has the dot product instructions; a name that the system does not know reads as 0.
uint32_t apus_cpu_features(void) {
  int value = 0;
  size_t size = sizeof value;
  const int has_i8mm = sysctlbyname("hw.optional.arm.FEAT_I8MM", &value, &size, NULL, 0) == 0 && value != 0;
  return has_i8mm ? APUS_CPU_DOTPROD | APUS_CPU_I8MM : APUS_CPU_DOTPROD;
}
#else
uint32_t apus_cpu_features(void) { return 0; }
#endif
