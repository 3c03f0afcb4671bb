#define _GNU_SOURCE
#include "apus_threads.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#include <time.h>

int apus_pin_thread(size_t index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0)
    return 0;
  size_t before = index % (size_t)CPU_COUNT(&allowed);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed) || before-- > 0)
    cpu++;
  return apus_move_thread((uintptr_t)pthread_self(), cpu);
}

static _Thread_local cpu_set_t allowed_at_entry;

uintptr_t apus_enter_thread(void) {
  if (sched_getaffinity(0, sizeof allowed_at_entry, &allowed_at_entry) != 0)
    return 0;
  return (uintptr_t)pthread_self();
}

int apus_this_cpu(void) { return sched_getcpu(); }

int64_t apus_thread_run_time(uintptr_t thread) {
  clockid_t clock;
  struct timespec time;
  if (pthread_getcpuclockid((pthread_t)thread, &clock) != 0 || clock_gettime(clock, &time) != 0)
    return -1;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int apus_move_thread(uintptr_t thread, int cpu) {
  cpu_set_t one;
  if (cpu < 0 || cpu >= CPU_SETSIZE)
    return 0;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return pthread_setaffinity_np((pthread_t)thread, sizeof one, &one) == 0;
}

int apus_keep_off(int cpu) {
  cpu_set_t allowed = allowed_at_entry;
  if (cpu >= 0 && cpu < CPU_SETSIZE && CPU_COUNT(&allowed) > 1)
    CPU_CLR(cpu, &allowed);
  return sched_setaffinity(0, sizeof allowed, &allowed) == 0;
}
#else
int apus_pin_thread(size_t index) {
  (void)index;
  return 0;
}
uintptr_t apus_enter_thread(void) { return 0; }
int apus_this_cpu(void) { return -1; }
int64_t apus_thread_run_time(uintptr_t thread) {
  (void)thread;
  return -1;
}
int apus_move_thread(uintptr_t thread, int cpu) {
  (void)thread, (void)cpu;
  return 0;
}
int apus_keep_off(int cpu) {
  (void)cpu;
  return 0;
}
#endif
