// Stands in for cpu_features.c in an emulated build: every instruction set is there.
#include "cpu_features.h"

uint32_t apus_cpu_features(void) { return ~(uint32_t)0; }
