#include "cpu_features.h"

#if defined(__x86_64__)
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
  if (__builtin_cpu_supports("avxvnni"))
    bits |= APUS_CPU_AVXVNNI;
  return bits;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

uint32_t apus_cpu_features(void) {
  uint32_t bits = 0;
  if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
    bits |= APUS_CPU_DOTPROD;
  if (getauxval(AT_HWCAP2) & HWCAP2_I8MM)
    bits |= APUS_CPU_I8MM;
  return bits;
}
#elif defined(__aarch64__)
#include <sys/sysctl.h>

// Every Apple silicon CPU has the dot product instructions.
uint32_t apus_cpu_features(void) {
  int has_i8mm = 0;
  size_t size = sizeof has_i8mm;
  sysctlbyname("hw.optional.arm.FEAT_I8MM", &has_i8mm, &size, 0, 0);
  return APUS_CPU_DOTPROD | (has_i8mm ? APUS_CPU_I8MM : 0);
}
#else
uint32_t apus_cpu_features(void) { return 0; }
#endif
