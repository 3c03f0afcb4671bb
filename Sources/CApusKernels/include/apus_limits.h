// What this machine can do at most: loops of one instruction path each, and reading memory.
//
// No part of the kernel table. A caller measures how long a call takes; nothing here looks at a clock.
#ifndef APUS_LIMITS_H
#define APUS_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum apus_loop_kind { APUS_LOOP_INT8, APUS_LOOP_FLOAT } apus_loop_kind;

// Loops that this build knows; of one kind, later ones use wider or newer instructions.
size_t apus_loop_count(void);
const char *apus_loop_name(size_t loop);
apus_loop_kind apus_loop_kind_of(size_t loop);
// Whether this machine can run a loop.
int apus_loop_supported(size_t loop);
// Operations of one round, where a multiplication and its addition are two.
size_t apus_loop_operations(size_t loop);
// Runs a loop that this machine supports; its operands stay in registers.
void apus_loop_run(size_t loop, size_t rounds);

// Reads `count` bytes, a multiple of 256, as four streams side by side; the result is their sum.
uint64_t apus_read_streams(const void *bytes, size_t count);

#pragma clang assume_nonnull end
#endif
