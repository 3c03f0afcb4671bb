#include "loops.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
const apus_loop apus_loops[1];
const size_t apus_loops_count = 0;
#endif

size_t apus_loop_count(void) { return apus_loops_count; }

const char *apus_loop_name(size_t loop) { return apus_loops[loop].name; }

apus_loop_kind apus_loop_kind_of(size_t loop) { return apus_loops[loop].kind; }

int apus_loop_supported(size_t loop) {
  return (apus_cpu_features() & apus_loops[loop].needs) == apus_loops[loop].needs;
}

size_t apus_loop_operations(size_t loop) { return apus_loops[loop].operations * APUS_LOOP_SUMS; }

void apus_loop_run(size_t loop, size_t rounds) { apus_loops[loop].run(rounds); }
