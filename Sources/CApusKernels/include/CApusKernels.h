// The C kernels of Apus: pure functions over rows of weights and activations.
//
// A kernel allocates nothing, starts no thread, keeps no state and reports no error: its caller has checked
// shapes and gives disjoint outputs. It reads nothing outside the bytes that its arguments describe.
// Every result is a function of its own row and column only: cutting rows or columns otherwise changes no bit.
// Docs/Kernels.md has the naming grammar and how to add a format or an instruction set.
#ifndef CAPUSKERNELS_H
#define CAPUSKERNELS_H

#include "apus_limits.h"
#include "apus_threads.h"
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
typedef enum apus_kv_format { APUS_KV_F16, APUS_KV_Q8_0, APUS_KV_F32, APUS_KV_FORMAT_COUNT } apus_kv_format;

// Functions of one value between two matrices of a feed-forward layer, in the order of ApusCore's Activation. The last
// one is a function of gate and up together and has no form for one value.
#define APUS_ACTIVATIONS(X) X(silu) X(gelu) X(gelu_erf) X(squared_relu) X(sigmoid) X(tangent)
typedef enum apus_activation {
#define X(name) APUS_##name,
  APUS_ACTIVATIONS(X)
#undef X
  APUS_clamped_swish,
  APUS_ACTIVATION_COUNT
} apus_activation;

// Activations [n, k] of a matmul. Dense weights read `values`; quantized weights read the int8 form:
// value = scale * code, with a scale for 32 values, and sums of codes for weights that have a min or an offset.
//
// The int8 form comes in chunks of apus_chunk_tokens(k) tokens, the last one of what is left. Inside a chunk of w
// tokens lie [k / 32][w][32] codes, [k / 32][w] scales and sums32, [k / 32][w][2] sums16: so a pass over the tokens of
// a chunk reads memory in order. Offsets, placed as scales, are for kernels that take signed codes of 8 bits as
// unsigned ones, 128 above.
typedef struct apus_activations {
  const float *_Nullable values;   // [n, k]
  const int8_t *_Nullable codes;   // -127...127
  const float *_Nullable scales;   // one for 32 codes
  const int16_t *_Nullable sums16; // sums of 16 codes
  const float *_Nullable sums32;   // sums of 32 scaled codes
  const int32_t *_Nullable offsets; // 128 times the sum of 32 codes
} apus_activations;

enum { APUS_CHUNK_TOKENS_MAX = 256, APUS_CHUNK_TOKENS_MIN = 32, APUS_CHUNK_BYTES = 1 << 20 };

// Tokens in a chunk of int8 activations of k values each.
static inline size_t apus_chunk_tokens(size_t k) {
  const size_t tokens = k > 0 ? APUS_CHUNK_BYTES / k / 4 * 4 : APUS_CHUNK_TOKENS_MAX;
  return tokens > APUS_CHUNK_TOKENS_MAX   ? APUS_CHUNK_TOKENS_MAX
         : tokens < APUS_CHUNK_TOKENS_MIN ? APUS_CHUNK_TOKENS_MIN
                                          : tokens;
}

// How few tokens, which wait for memory, ask for the rows that come next: into the second-level cache in the order of
// addresses (FAR), the same at four places in turn (STREAMS), or into the first level and once more (NEAR).
typedef enum apus_prefetch { APUS_PREFETCH_FAR, APUS_PREFETCH_STREAMS, APUS_PREFETCH_NEAR } apus_prefetch;

// What matmuls go by of a CPU core besides its instructions.
typedef struct apus_core {
  // Whether the first-level data cache has 48 KiB or more. Matmuls then cut their work otherwise, which gives dense
  // formats (not quantized ones) other last bits.
  int large_l1;
  apus_prefetch prefetch;
} apus_core;

// y[column * y_stride + row] = x[column] . weights[row], for `n` columns (tokens) and the rows of one call.
typedef struct apus_matmul_args {
  const void *weights; // row-major, row_bytes apart
  size_t row_bytes;
  size_t k; // inner dimension; whole quant blocks for quantized formats
  size_t n;
  apus_activations x;
  float *y;
  size_t y_stride;
  apus_core core;
} apus_matmul_args;

enum { APUS_KV_BLOCK_POSITIONS = 32, APUS_ATTENTION_PART_POSITIONS = 512 };

// Attention of tokens at consecutive positions of one sequence over its KV blocks: query heads share key/value heads
// in groups (GQA). Inside one KV block lie, for each kv head, the keys and the values of 32 positions:
//   keys F16     [dimension][position]                 values F16     [position][dimension]
//   keys Q8_0    [dimension / 4][position][4] codes,   values Q8_0    [position][dimension / 32] quant blocks
//                then [dimension / 32][position] scales
//   keys F32     as F16                                values F32     as F16
// So a product with 32 keys has a lane for each position and needs no sum across lanes. Blocks are block_bytes apart.
//
// Positions are cut into parts of APUS_ATTENTION_PART_POSITIONS, each with a softmax of its own, merged in order: the
// parts of one token can be computed by several threads, and results do not depend on whether they were.
//
// A token at position p looks at positions p - before ... p + after, as far as there are such: 0 ... length - 1.
// A score is scale * q.k; then soft_cap * tanh(score / soft_cap), if that is not 0; then slope * -distance is added.
typedef struct apus_attention_args {
  const float *q; // token t at q + t * q_stride: [kv_heads * group, key_dimension]
  float *y;       // token t at y + t * y_stride: [kv_heads * group, value_dimension]
  size_t q_stride;
  size_t y_stride;
  const void *keys;
  const void *values; // unused where values are keys
  size_t key_block_bytes;
  size_t value_block_bytes;
  const int32_t *block_table;
  size_t group;
  size_t key_dimension;
  size_t value_dimension;
  size_t tokens;
  size_t position; // of the first token
  size_t before;
  size_t after;
  size_t length;
  float scale;
  float soft_cap;
  const float *_Nullable slopes; // [kv_heads * group]
  // Scores that take part in the softmax and have no value, [kv_heads * group].
  const float *_Nullable sinks;
  int values_are_keys; // values are the first value_dimension values of the keys, stored once
  void *_Nullable scratch; // apus_attention_scratch_bytes, for one call at a time
} apus_attention_args;

// Bytes of scratch for one kv head.
static inline size_t apus_attention_scratch_bytes(const apus_attention_args *args) {
  const size_t block = APUS_KV_BLOCK_POSITIONS * (args->key_dimension + args->value_dimension) * sizeof(float);
  return block + args->tokens * args->group * (args->key_dimension + args->key_dimension / 32 * 4 * sizeof(float));
}

// Floats in a part of one kv head: for every token and head of the group its weighted values, the largest score, and
// the sum of weights.
static inline size_t apus_attention_part_floats(const apus_attention_args *args) {
  return args->tokens * args->group * (args->value_dimension + 2);
}

typedef void (*apus_matmul_fn)(const apus_matmul_args *args, size_t row_begin, size_t row_end);
typedef void (*apus_decode_fn)(const void *source, float *values, size_t count);
typedef void (*apus_attention_fn)(const apus_attention_args *args, size_t kv_head, size_t part, float *result);
typedef void (*apus_kv_store_fn)(const float *x, size_t dimension, size_t offset, void *block);
// y = normed(x) * gain + bias over one group of a row; y may be x.
typedef void (*apus_norm_fn)(const float *x, const float *_Nullable gain, const float *_Nullable bias, float epsilon,
                             size_t count, float *y);

// One level of kernels: complete, the sum of overlays from the reference up to its name.
typedef struct apus_kernels {
  const char *name;
  apus_core core;
  apus_matmul_fn _Nonnull matmul[APUS_FORMAT_COUNT];
  // count weights of a row to floats; count is whole quant blocks.
  apus_decode_fn _Nonnull decode[APUS_FORMAT_COUNT];
  // Rounds `tokens` rows of k values (a multiple of 32) to int8, see apus_activations: the pointers are to the first
  // token's first values in a chunk of `width` tokens.
  void (*quantize)(const float *x, size_t k, size_t tokens, size_t width, int8_t *codes, float *scales,
                   int16_t *sums16, float *sums32, int32_t *offsets);
  // Writes one head's key or value at position `offset` of a KV block; Q8_0 needs a dimension of whole 32.
  apus_kv_store_fn _Nonnull store_key[APUS_KV_FORMAT_COUNT];
  apus_kv_store_fn _Nonnull store_value[APUS_KV_FORMAT_COUNT];
  // Computes one part of the positions for one kv head.
  apus_attention_fn _Nonnull attention[APUS_KV_FORMAT_COUNT];
  // Adds the part that follows to what was merged so far.
  void (*attention_merge)(const apus_attention_args *args, const float *part, float *merged);
  // Divides the merged parts of one kv head by the sums of weights, into y.
  void (*attention_finish)(const apus_attention_args *args, size_t kv_head, const float *merged);
  // values = exp(values - max) / sum: softmax over one row
  void (*softmax)(float *values, size_t count);

  // ---- row operations
  // normed(x) = x / sqrt(mean(x^2) + epsilon)
  apus_norm_fn rms_norm;
  // normed(x) = (x - mean(x)) / sqrt(variance(x) + epsilon)
  apus_norm_fn layer_norm;
  // Turns pairs (2i, 2i+1) of a head by angle i: table holds `pairs` cosines, then `pairs` sines.
  void (*rope_adjacent)(float *x, const float *table, size_t pairs);
  // Turns pairs (i, i + pairs) of a head by angle i.
  void (*rope_split)(float *x, const float *table, size_t pairs);
  // x += y
  void (*add)(const float *y, float *x, size_t count);
  // x += factor * y
  void (*add_scaled)(const float *y, float factor, float *x, size_t count);
  // x *= factor
  void (*scale)(float *x, float factor, size_t count);
  // x = limit * tanh(x / limit)
  void (*cap)(float *x, float limit, size_t count);
  // x = activation(x)
  void (*_Nonnull activate[APUS_clamped_swish])(float *x, size_t count);
  // up = activation(gate) * up
  void (*_Nonnull gate[APUS_ACTIVATION_COUNT])(const float *gate, float *up, size_t count);
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
static inline void apus_store_key(const apus_kernels *kernels, apus_kv_format format, const float *x,
                                  size_t dimension, size_t offset, void *block) {
  kernels->store_key[format](x, dimension, offset, block);
}
static inline void apus_store_value(const apus_kernels *kernels, apus_kv_format format, const float *x,
                                    size_t dimension, size_t offset, void *block) {
  kernels->store_value[format](x, dimension, offset, block);
}
static inline void apus_attention(const apus_kernels *kernels, apus_kv_format format,
                                  const apus_attention_args *args, size_t kv_head, size_t part, float *result) {
  kernels->attention[format](args, kv_head, part, result);
}
static inline void apus_activate(const apus_kernels *kernels, apus_activation activation, float *x, size_t count) {
  kernels->activate[activation](x, count);
}
static inline void apus_gate(const apus_kernels *kernels, apus_activation activation, const float *gate, float *up,
                             size_t count) {
  kernels->gate[activation](gate, up, count);
}
#pragma clang assume_nonnull end
#endif
