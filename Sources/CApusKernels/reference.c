// Every kernel written the obvious way: the fallback on unknown machines, and what all others are compared with.
// Sums are in double, so that an error seen in a comparison is the other's.
#include "formats/formats.h"
#include "overlays.h"
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// ---- weights to floats

static void apus_decode_f32__reference(const void *source, float *values, size_t count) {
  memcpy(values, source, count * sizeof(float));
}

static uint16_t half_at(const void *source, size_t index) {
  uint16_t half;
  memcpy(&half, (const char *)source + index * 2, 2);
  return half;
}

static void apus_decode_f16__reference(const void *source, float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    values[i] = apus_f16_to_float(half_at(source, i));
}

static void apus_decode_bf16__reference(const void *source, float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    values[i] = apus_bf16_to_float(half_at(source, i));
}

#define X(name, elements)                                                                                            \
  static void apus_decode_##name##__reference(const void *source, float *values, size_t count) {                     \
    const apus_##name *b = source;                                                                                   \
    for (size_t i = 0; i < count / elements; i++)                                                                    \
      apus_decode_block_##name(b + i, values + i * elements);                                                        \
  }
  APUS_QUANTIZED_FORMATS(X)
#undef X

// ---- matmul: any format, a piece of a row at a time

enum { PIECE = 256 };

// Value i of a column: as it came, or as it was rounded to int8.
static double activation(const apus_matmul_args *args, size_t column, size_t i, int quantized) {
  if (!quantized)
    return args->x.values[column * args->k + i];
  const size_t chunk = apus_chunk_tokens(args->k), first = column / chunk * chunk;
  const size_t width = args->n - first < chunk ? args->n - first : chunk;
  const size_t block = first * (args->k / 32) + i / 32 * width + (column - first);
  return (double)args->x.scales[block] * args->x.codes[32 * block + i % 32];
}

static double dot_piece(const apus_matmul_args *args, size_t column, size_t first, const float *w, size_t count,
                        int quantized) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += w[i] * activation(args, column, first + i, quantized);
  return sum;
}

static void matmul(const apus_matmul_args *args, size_t begin, size_t end, apus_decode_fn decode, size_t elements,
                   size_t bytes, int quantized) {
  float w[PIECE];
  for (size_t row = begin; row < end; row++)
    for (size_t column = 0; column < args->n; column++) {
      double sum = 0;
      for (size_t first = 0; first < args->k; first += PIECE) {
        size_t count = args->k - first < PIECE ? args->k - first : PIECE;
        decode((const char *)args->weights + row * args->row_bytes + first / elements * bytes, w, count);
        sum += dot_piece(args, column, first, w, count, quantized);
      }
      args->y[column * args->y_stride + row] = (float)sum;
    }
}

#define MATMUL(name, elements, bytes, quantized)                                                                     \
  static void apus_matmul_##name##__reference(const apus_matmul_args *args, size_t begin, size_t end) {              \
    matmul(args, begin, end, apus_decode_##name##__reference, elements, bytes, quantized);                           \
  }
MATMUL(f32, 1, 4, 0)
MATMUL(f16, 1, 2, 0)
MATMUL(bf16, 1, 2, 0)
#define X(name, elements) MATMUL(name, elements, sizeof(apus_##name), 1)
  APUS_QUANTIZED_FORMATS(X)
#undef X

// Rounds `count` values to codes of one scale, and returns the scale; NaN where `is_finite` is 0.
static float quantize_block(const float *x, size_t count, int is_finite, int8_t *codes) {
  float peak = 0;
  for (size_t i = 0; i < count; i++)
    peak = fmaxf(peak, fabsf(x[i]));
  float inverse = is_finite && peak > 1e-30f ? 127 / peak : 0;
  for (size_t i = 0; i < count; i++)
    codes[i] = is_finite ? (int8_t)nearbyintf(x[i] * inverse) : 0;
  return is_finite ? (peak > 1e-30f ? peak * (1.0f / 127) : 0) : NAN;
}

static int all_finite(const float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(x[i]))
      return 0;
  return 1;
}

static int sum_of(const int8_t *codes, size_t count) {
  int sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += codes[i];
  return sum;
}

static void apus_quantize__reference(const float *x, size_t k, size_t tokens, size_t width, int8_t *codes,
                                     float *scales, int16_t *sums16, float *sums32, int32_t *offsets) {
  for (size_t t = 0; t < tokens; t++)
    for (size_t b = 0; b < k / 32; b++) {
      const float *values = x + t * k + b * 32;
      const size_t at = b * width + t;
      int8_t *block = codes + 32 * at;
      const float scale = quantize_block(values, 32, all_finite(values, 32), block);
      scales[at] = scale;
      sums16[2 * at] = (int16_t)sum_of(block, 16);
      sums16[2 * at + 1] = (int16_t)sum_of(block + 16, 16);
      sums32[at] = scale * (float)sum_of(block, 32);
      offsets[at] = 128 * sum_of(block, 32);
    }
}

// ---- attention: KV blocks as the header describes them

enum { POSITIONS = APUS_KV_BLOCK_POSITIONS };

static void apus_store_key_f16__reference(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((apus_f16 *)block)[i * POSITIONS + offset] = apus_float_to_f16(x[i]);
}

static void apus_store_value_f16__reference(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((apus_f16 *)block)[offset * dimension + i] = apus_float_to_f16(x[i]);
}

static apus_f16 round_to_q8_0(const float *x, int8_t *codes) {
  return apus_float_to_f16(quantize_block(x, 32, all_finite(x, 32), codes));
}

static void apus_store_key_q8_0__reference(const float *x, size_t dimension, size_t offset, void *block) {
  int8_t *all = block, codes[32];
  apus_f16 *scales = (apus_f16 *)(all + dimension * POSITIONS);
  for (size_t i = 0; i < dimension / 32; i++) {
    scales[i * POSITIONS + offset] = round_to_q8_0(x + i * 32, codes);
    for (size_t j = 0; j < 32; j++)
      all[((i * 32 + j) / 4 * POSITIONS + offset) * 4 + j % 4] = codes[j];
  }
}

static void apus_store_value_q8_0__reference(const float *x, size_t dimension, size_t offset, void *block) {
  apus_q8_0 *row = (apus_q8_0 *)block + offset * (dimension / 32);
  for (size_t i = 0; i < dimension / 32; i++)
    row[i].d = round_to_q8_0(x + i * 32, row[i].codes);
}

typedef float (*element_fn)(const void *block, size_t dimension, size_t offset, size_t index);

static float key_f16_at(const void *block, size_t dimension, size_t offset, size_t index) {
  (void)dimension;
  return apus_f16_to_float(half_at(block, index * POSITIONS + offset));
}

static float value_f16_at(const void *block, size_t dimension, size_t offset, size_t index) {
  return apus_f16_to_float(half_at(block, offset * dimension + index));
}

static float key_q8_0_at(const void *block, size_t dimension, size_t offset, size_t index) {
  const int8_t *codes = block;
  const float d = apus_f16_to_float(half_at(codes + dimension * POSITIONS, index / 32 * POSITIONS + offset));
  return d * codes[(index / 4 * POSITIONS + offset) * 4 + index % 4];
}

static float value_q8_0_at(const void *block, size_t dimension, size_t offset, size_t index) {
  const apus_q8_0 *b = (const apus_q8_0 *)block + offset * (dimension / 32) + index / 32;
  return apus_f16_to_float(b->d) * b->codes[index % 32];
}

// One element of a key or value at a position.
static double element_at(const void *pool, const apus_attention_args *args, size_t block_bytes, size_t head_bytes,
                         size_t kv_head, size_t position, element_fn element, size_t dimension, size_t index) {
  const char *block = (const char *)pool + (size_t)args->block_table[position / POSITIONS] * block_bytes;
  return element(block + kv_head * head_bytes, dimension, position % POSITIONS, index);
}

// A query's value i: as it is, or as Q8_0 keys are multiplied, rounded to int8.
static double query_at(const float *q, size_t i, int quantized) {
  int8_t codes[32];
  if (!quantized)
    return q[i];
  const float scale = quantize_block(q + i / 32 * 32, 32, all_finite(q + i / 32 * 32, 32), codes);
  return (double)scale * codes[i % 32];
}

static void attention(const apus_attention_args *args, size_t kv_head, size_t part, float *result, element_fn key,
                      element_fn value, size_t key_bytes, size_t value_bytes, int quantized) {
  for (size_t i = 0; i < args->tokens * args->group; i++, result += args->value_dimension + 2) {
    const size_t t = i / args->group, head = kv_head * args->group + i % args->group;
    const float *q = args->q + t * args->q_stride + head * args->key_dimension;
    const size_t part_begin = part * APUS_ATTENTION_PART_POSITIONS, stop = args->position + t + 1;
    const size_t looked = args->window > 0 && args->window < stop ? stop - args->window : 0;
    const size_t first = looked > part_begin ? looked : part_begin;
    const size_t part_end = part_begin + APUS_ATTENTION_PART_POSITIONS, end = stop < part_end ? stop : part_end;
    double scores[APUS_ATTENTION_PART_POSITIONS], peak = -INFINITY, sum = 0;
    for (size_t p = first; p < end; p++) {
      double dot = 0;
      for (size_t j = 0; j < args->key_dimension; j++)
        dot += query_at(q, j, quantized) * element_at(args->keys, args, args->key_block_bytes, key_bytes, kv_head, p,
                                                      key, args->key_dimension, j);
      scores[p - part_begin] = dot * args->scale;
      peak = fmax(peak, scores[p - part_begin]);
    }
    memset(result, 0, args->value_dimension * sizeof(float));
    for (size_t p = first; p < end; p++) {
      const double weight = exp(scores[p - part_begin] - peak);
      sum += weight;
      for (size_t j = 0; j < args->value_dimension; j++)
        result[j] += (float)(weight * element_at(args->values, args, args->value_block_bytes, value_bytes, kv_head, p,
                                                 value, args->value_dimension, j));
    }
    result[args->value_dimension] = (float)peak;
    result[args->value_dimension + 1] = (float)sum;
  }
}

static void apus_attention_f16__reference(const apus_attention_args *args, size_t kv_head, size_t part,
                                          float *result) {
  attention(args, kv_head, part, result, key_f16_at, value_f16_at, POSITIONS * args->key_dimension * 2,
            POSITIONS * args->value_dimension * 2, 0);
}

static void apus_attention_q8_0__reference(const apus_attention_args *args, size_t kv_head, size_t part,
                                           float *result) {
  attention(args, kv_head, part, result, key_q8_0_at, value_q8_0_at, POSITIONS * args->key_dimension / 32 * 34,
            POSITIONS * args->value_dimension / 32 * 34, 1);
}

static void apus_attention_merge__reference(const apus_attention_args *args, const float *part, float *merged) {
  const size_t dimension = args->value_dimension;
  for (size_t i = 0; i < args->tokens * args->group; i++, part += dimension + 2, merged += dimension + 2) {
    if (part[dimension + 1] == 0)
      continue;
    const double peak = fmax(merged[dimension], part[dimension]);
    const double old = exp(merged[dimension] - peak), new = exp(part[dimension] - peak);
    for (size_t j = 0; j < dimension; j++)
      merged[j] = (float)(merged[j] * old + part[j] * new);
    merged[dimension] = (float)peak;
    merged[dimension + 1] = (float)(merged[dimension + 1] * old + part[dimension + 1] * new);
  }
}

static void apus_attention_finish__reference(const apus_attention_args *args, size_t kv_head, const float *merged) {
  const size_t dimension = args->value_dimension;
  for (size_t i = 0; i < args->tokens * args->group; i++, merged += dimension + 2) {
    float *y = args->y + i / args->group * args->y_stride + (kv_head * args->group + i % args->group) * dimension;
    for (size_t j = 0; j < dimension; j++)
      y[j] = merged[j] / merged[dimension + 1];
  }
}

// ---- row operations

static void apus_rms_norm__reference(const float *x, const float *gain, float epsilon, size_t count, float *y) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (double)x[i] * x[i];
  double factor = 1 / sqrt(sum / (double)count + epsilon);
  for (size_t i = 0; i < count; i++)
    y[i] = (float)(x[i] * factor * gain[i]);
}

static void turn(float *a, float *b, float cosine, float sine) {
  float first = *a * cosine - *b * sine;
  *b = *a * sine + *b * cosine;
  *a = first;
}

static void apus_rope_adjacent__reference(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++)
    turn(&x[2 * i], &x[2 * i + 1], table[i], table[pairs + i]);
}

static void apus_rope_halves__reference(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++)
    turn(&x[i], &x[pairs + i], table[i], table[pairs + i]);
}

static void apus_swiglu__reference(const float *gate, float *up, size_t count) {
  for (size_t i = 0; i < count; i++)
    up[i] = (float)(gate[i] / (1 + exp(-(double)gate[i])) * up[i]);
}

static void apus_add__reference(const float *y, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] += y[i];
}

static void apus_softmax__reference(float *values, size_t count) {
  double peak = -INFINITY, sum = 0;
  for (size_t i = 0; i < count; i++)
    peak = fmax(peak, values[i]);
  for (size_t i = 0; i < count; i++)
    sum += exp(values[i] - peak);
  for (size_t i = 0; i < count; i++)
    values[i] = (float)(exp(values[i] - peak) / sum);
}

// ---- checks, the same at every level

size_t apus_first_nonfinite(apus_format format, const void *row, size_t blocks) {
  size_t i = 0;
  switch (format) {
  case APUS_F32:
    while (i < blocks && (apus_float_to_bits(((const float *)row)[i]) & 0x7f800000) != 0x7f800000)
      i++;
    return i;
  case APUS_F16:
    while (i < blocks && apus_f16_is_finite(((const apus_f16 *)row)[i]))
      i++;
    return i;
  case APUS_BF16:
    while (i < blocks && (((const uint16_t *)row)[i] & 0x7f80) != 0x7f80)
      i++;
    return i;
#define X(name, elements)                                                                                            \
  case APUS_##name:                                                                                                  \
    while (i < blocks && apus_is_finite_##name((const apus_##name *)row + i))                                        \
      i++;                                                                                                           \
    return i;
  APUS_QUANTIZED_FORMATS(X)
#undef X
  case APUS_FORMAT_COUNT:
    break;
  }
  return blocks;
}

void apus_overlay__reference(apus_kernels *kernels) {
#define X(name, elements)                                                                                            \
  kernels->matmul[APUS_##name] = apus_matmul_##name##__reference;                                                    \
  kernels->decode[APUS_##name] = apus_decode_##name##__reference;
  APUS_QUANTIZED_FORMATS(X)
#undef X
  kernels->matmul[APUS_F32] = apus_matmul_f32__reference;
  kernels->matmul[APUS_F16] = apus_matmul_f16__reference;
  kernels->matmul[APUS_BF16] = apus_matmul_bf16__reference;
  kernels->decode[APUS_F32] = apus_decode_f32__reference;
  kernels->decode[APUS_F16] = apus_decode_f16__reference;
  kernels->decode[APUS_BF16] = apus_decode_bf16__reference;
  kernels->quantize = apus_quantize__reference;
  kernels->store_key[APUS_KV_F16] = apus_store_key_f16__reference;
  kernels->store_key[APUS_KV_Q8_0] = apus_store_key_q8_0__reference;
  kernels->store_value[APUS_KV_F16] = apus_store_value_f16__reference;
  kernels->store_value[APUS_KV_Q8_0] = apus_store_value_q8_0__reference;
  kernels->attention[APUS_KV_F16] = apus_attention_f16__reference;
  kernels->attention[APUS_KV_Q8_0] = apus_attention_q8_0__reference;
  kernels->attention_merge = apus_attention_merge__reference;
  kernels->attention_finish = apus_attention_finish__reference;
  kernels->rms_norm = apus_rms_norm__reference;
  kernels->rope_adjacent = apus_rope_adjacent__reference;
  kernels->rope_halves = apus_rope_halves__reference;
  kernels->swiglu = apus_swiglu__reference;
  kernels->add = apus_add__reference;
  kernels->softmax = apus_softmax__reference;
}
