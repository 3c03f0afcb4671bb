// The C kernels of Apus: pure functions over rows of weights and activations.
//
// A kernel allocates nothing, starts no thread, keeps no state and reports no error: its caller has checked
// shapes and gives disjoint outputs. It reads nothing outside the bytes that its arguments describe.
// Every result is a function of its own row and column only: cutting rows or columns otherwise changes no bit.
// Docs/Kernels.md has the naming grammar and how to add a format or an instruction set.
#ifndef CAPUSKERNELS_H
#define CAPUSKERNELS_H

#include "apus_limits.h"
#include "format_list.h"
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Tensor formats, in the order of ApusCore's TensorFormat.
typedef enum apus_format {
  APUS_F32,
  APUS_F16,
  APUS_BF16,
#define X(name, elements) APUS_##name,
APUS_QUANTIZED_FORMATS(X)
#undef X
  APUS_FORMAT_COUNT
} apus_format;

// How keys and values are stored, in the order of ApusCore's KVFormat.
typedef enum apus_kv_format { APUS_KV_F16, APUS_KV_Q8_0, APUS_KV_FORMAT_COUNT } apus_kv_format;

// Activations [n, k] of a matmul. Dense weights read `values`; quantized weights read the int8 form:
// value = scales[i / 4] * codes[i], with sums of the scaled codes kept for weights that have a min or an offset.
// A scale for four values, because an int8 product of vectors sums four to a lane: one vector of scales fits it.
typedef struct apus_activations {
  const float *_Nullable values;   // [n, k]
  const int8_t *_Nullable codes;   // [n, k], -127...127
  const float *_Nullable scales;   // [n, k / 4]
  const float *_Nullable sums16;   // [n, k / 16]: sums of 16 scaled codes
  const float *_Nullable sums32;   // [n, k / 32]: sums of 32 scaled codes
} apus_activations;

// y[column * y_stride + row] = x[column] . weights[row], for `n` columns (tokens) and the rows of one call.
typedef struct apus_matmul_args {
  const void *weights; // row-major, row_bytes apart
  size_t row_bytes;
  size_t k; // inner dimension; whole quant blocks for quantized formats
  size_t n;
  apus_activations x;
  float *y;
  size_t y_stride;
} apus_matmul_args;

// Attention of one token over its KV blocks: query heads share key/value heads in groups (GQA).
// Inside one KV block lie [kv head][position][dimension]; blocks are block_bytes apart.
typedef struct apus_attention_args {
  const float *q; // [kv_heads * group, key_dimension]
  float *y;       // [kv_heads * group, value_dimension]
  const void *keys;
  const void *values;
  size_t key_block_bytes;
  size_t value_block_bytes;
  const int32_t *block_table;
  size_t group;
  size_t key_dimension;
  size_t value_dimension;
  size_t first; // first position looked at
  size_t end;   // one past the last
  float scale;
} apus_attention_args;

enum { APUS_KV_BLOCK_POSITIONS = 32 };

typedef void (*apus_matmul_fn)(const apus_matmul_args *args, size_t row_begin, size_t row_end);
typedef void (*apus_decode_fn)(const void *source, float *values, size_t count);
typedef void (*apus_attention_fn)(const apus_attention_args *args, size_t kv_head);

// One level of kernels: complete, the sum of overlays from the reference up to its name.
typedef struct apus_kernels {
  const char *name;
  apus_matmul_fn _Nonnull matmul[APUS_FORMAT_COUNT];
  // count weights of a row to floats; count is whole quant blocks.
  apus_decode_fn _Nonnull decode[APUS_FORMAT_COUNT];
  // Rounds k values (a multiple of 32) to int8, see apus_activations.
  void (*quantize)(const float *x, size_t k, int8_t *codes, float *scales, float *sums16, float *sums32);
  // Writes `count` values in a KV format; Q8_0 needs a multiple of 32.
  void (*_Nonnull kv_encode[APUS_KV_FORMAT_COUNT])(const float *x, size_t count, void *destination);
  apus_attention_fn _Nonnull attention[APUS_KV_FORMAT_COUNT];
  // y = x / sqrt(mean(x^2) + epsilon) * gain; y may be x.
  void (*rms_norm)(const float *x, const float *gain, float epsilon, size_t count, float *y);
  // Turns pairs (2i, 2i+1) of a head by angle i: table holds `pairs` cosines, then `pairs` sines.
  void (*rope_adjacent)(float *x, const float *table, size_t pairs);
  // Turns pairs (i, i + pairs) of a head by angle i.
  void (*rope_halves)(float *x, const float *table, size_t pairs);
  // up = gate / (1 + exp(-gate)) * up
  void (*swiglu)(const float *gate, float *up, size_t count);
  // x += y
  void (*add)(const float *y, float *x, size_t count);
  // values = exp(values - max) / sum: softmax over one row
  void (*softmax)(float *values, size_t count);
} apus_kernels;

// Levels, in rising order; 0 is the reference.
size_t apus_level_count(void);
const char *apus_level_name(size_t level);
// Whether this machine can run a level.
int apus_level_supported(size_t level);
// Fills `kernels` with a level; 0 if there is no such level or this machine cannot run it.
int apus_kernels_load(apus_kernels *kernels, size_t level);
// Names of the instruction sets found on this machine, separated by spaces; at most `capacity` bytes with the NUL.
void apus_cpu_description(char *text, size_t capacity);

// Index of the first quant block (element for dense formats) of a row whose scales or values are NaN or infinite,
// or `blocks` if all are finite.
size_t apus_first_nonfinite(apus_format format, const void *row, size_t blocks);

// Accessors: C arrays of function pointers do not reach Swift.
static inline void apus_matmul(const apus_kernels *kernels, apus_format format, const apus_matmul_args *args,
                               size_t row_begin, size_t row_end) {
  kernels->matmul[format](args, row_begin, row_end);
}
static inline void apus_decode(const apus_kernels *kernels, apus_format format, const void *source, float *values,
                               size_t count) {
  kernels->decode[format](source, values, count);
}
static inline void apus_kv_encode(const apus_kernels *kernels, apus_kv_format format, const float *x, size_t count,
                                  void *destination) {
  kernels->kv_encode[format](x, count, destination);
}
static inline void apus_attention(const apus_kernels *kernels, apus_kv_format format,
                                  const apus_attention_args *args, size_t kv_head) {
  kernels->attention[format](args, kv_head);
}
// Tells the core that this is a spin loop.
static inline void apus_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

#pragma clang assume_nonnull end
#endif
