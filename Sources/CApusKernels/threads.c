#define _GNU_SOURCE
#include "apus_threads.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

static _Thread_local cpu_set_t allowed_at_entry;

int apus_enter_thread(void) {
  if (sched_getaffinity(0, sizeof allowed_at_entry, &allowed_at_entry) != 0)
    return 0;
  return (int)syscall(SYS_gettid);
}

int apus_this_cpu(void) { return sched_getcpu(); }

int64_t apus_thread_run_time(int thread) {
  // As clock_getcpuclockid does it for processes: the complement of the number, and bits for "thread" and "run time".
  const clockid_t clock = (clockid_t)(~(unsigned)thread << 3 | 4 | 2);
  struct timespec time;
  return clock_gettime(clock, &time) == 0 ? (int64_t)time.tv_sec * 1000000000 + time.tv_nsec : -1;
}

int apus_move_thread(int thread, int cpu) {
  cpu_set_t one;
  if (thread <= 0 || cpu < 0 || cpu >= CPU_SETSIZE)
    return 0;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return sched_setaffinity(thread, sizeof one, &one) == 0;
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
int apus_enter_thread(void) { return 0; }
int apus_this_cpu(void) { return -1; }
int64_t apus_thread_run_time(int thread) {
  (void)thread;
  return -1;
}
int apus_move_thread(int thread, int cpu) {
  (void)thread, (void)cpu;
  return 0;
}
int apus_keep_off(int cpu) {
  (void)cpu;
  return 0;
}
#endif
