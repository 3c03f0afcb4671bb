// What threads ask of core and system that Swift has no name for.
#ifndef APUS_THREADS_H
#define APUS_THREADS_H

#include <stddef.h>
#include <stdint.h>

// Tells the core that this is a spin loop.
static inline void apus_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

// Asks for memory, to be in the second-level cache soon. No address is wrong.
static inline void apus_fetch(const void *start, size_t bytes) {
  for (size_t line = 0; line < bytes; line += 64)
    __builtin_prefetch((const char *)start + line, 0, 2);
}

// Keeps the calling thread on one of the CPUs that it may use: the one at `index`, counted around. 0 where the system
// does not do it.
int apus_pin_thread(size_t index);

// Remembers where the calling thread may run; the result names it for the functions below while it lives, 0 where the
// system has none of them.
uintptr_t apus_enter_thread(void);

// The CPU that the calling thread runs on; -1 where that is unknown.
int apus_this_cpu(void);

// Nanoseconds for which a thread that entered has run; -1 where that is unknown.
int64_t apus_thread_run_time(uintptr_t thread);

// Moves a thread that entered to `cpu`, to stay there. 0 where the system does not do it.
int apus_move_thread(uintptr_t thread, int cpu);

// Lets the calling thread run where it might when it entered, but for `cpu` if that leaves any; -1 for no CPU. 0 where
// the system does not do it.
int apus_keep_off(int cpu);

#endif
