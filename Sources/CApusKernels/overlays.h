// The overlays: each sets in a kernel table only what it improves; the reference sets everything.
#ifndef APUS_OVERLAYS_H
#define APUS_OVERLAYS_H

#include "CApusKernels.h"

void apus_overlay__reference(apus_kernels *kernels);
#if defined(__x86_64__)
void apus_overlay__avx2(apus_kernels *kernels);
void apus_overlay__avxvnni(apus_kernels *kernels);
void apus_overlay__avx512vnni(apus_kernels *kernels);
#elif defined(__aarch64__)
void apus_overlay__neon(apus_kernels *kernels);
void apus_overlay__neoni8mm(apus_kernels *kernels);
#endif

#endif
