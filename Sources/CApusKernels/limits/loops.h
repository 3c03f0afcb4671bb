// The loops of limits.c, by architecture, and what they are made of.
#ifndef APUS_LIMITS_LOOPS_H
#define APUS_LIMITS_LOOPS_H

#include "../cpu_features.h"
#include "apus_limits.h"

// Independent sums of every loop: more than the latency of any of its instructions times their number per cycle, and
// few enough for the registers.
#if defined(__aarch64__)
enum { APUS_LOOP_SUMS = 24 };
#else
enum { APUS_LOOP_SUMS = 12 };
#endif

typedef struct apus_loop {
  const char *name;
  apus_loop_kind kind;
  uint32_t needs;    // bits of cpu_features.h
  size_t operations; // of one instruction path for one sum
  void (*run)(size_t rounds);
} apus_loop;

extern const apus_loop apus_loops[];
extern const size_t apus_loops_count;

// One loop over sums of a vector type. STEP is an expression of `sum`, `a` and `b`. The compiler must take `a` for
// changed before each step, so that it computes every step anew; that costs no instruction. REGISTER is the
// constraint that inline assembly has for the type.
#define APUS_LOOP(name, isa, vector, REGISTER, zero, A, B, STEP)                                                       \
  __attribute__((target(isa))) static void name(size_t rounds) {                                                       \
    vector a = A, b = B, sums[APUS_LOOP_SUMS];                                                                         \
    for (int i = 0; i < APUS_LOOP_SUMS; i++)                                                                           \
      sums[i] = zero;                                                                                                  \
    for (size_t round = 0; round < rounds; round++) {                                                                  \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < APUS_LOOP_SUMS; i++) {                                    \
        vector sum = sums[i];                                                                                          \
        __asm__ volatile("" : "+" REGISTER(a));                                                                        \
        sums[i] = STEP;                                                                                                \
      }                                                                                                                \
    }                                                                                                                  \
    for (int i = 0; i < APUS_LOOP_SUMS; i++)                                                                           \
      __asm__ volatile("" ::REGISTER(sums[i]));                                                                        \
  }

#endif
