#define _GNU_SOURCE
#include "apus_threads.h"

#if defined(__linux__)
#include <sched.h>

int apus_pin_thread(size_t index) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0)
    return 0;
  size_t before = index % (size_t)CPU_COUNT(&allowed);
  size_t cpu = 0;
  while (!CPU_ISSET(cpu, &allowed) || before-- > 0)
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}
#else
int apus_pin_thread(size_t index) {
  (void)index;
  return 0;
}
#endif
