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

// ---- matmul: any format, a piece of a row at a time with some columns

enum { PIECE = 256, COLUMNS = 8 };

// Values [first, first + count) of a column as they came.
static void values_of(const apus_matmul_args *args, size_t column, size_t first, size_t count, double *x) {
  const float *values = args->x.values + column * args->k + first;
  for (size_t i = 0; i < count; i++)
    x[i] = values[i];
}

// The same as they were rounded to int8.
static void codes_of(const apus_matmul_args *args, size_t column, size_t first, size_t count, double *x) {
  const size_t chunk = apus_chunk_tokens(args->k), start = column / chunk * chunk;
  const size_t width = args->n - start < chunk ? args->n - start : chunk;
  for (size_t i = 0; i < count; i += 32) {
    const size_t block = start * (args->k / 32) + (first + i) / 32 * width + (column - start);
    const double scale = args->x.scales[block];
    const int8_t *codes = args->x.codes + 32 * block;
    for (size_t j = 0; j < 32; j++)
      x[i + j] = scale * codes[j];
  }
}

static double dot_piece(const float *w, const double *x, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += w[i] * x[i];
  return sum;
}

static void matmul(const apus_matmul_args *args, size_t begin, size_t end, apus_decode_fn decode, size_t elements,
                   size_t bytes, int quantized) {
  float w[PIECE];
  double x[PIECE];
  for (size_t row = begin; row < end; row++)
    for (size_t column = 0; column < args->n; column += COLUMNS) {
      const size_t columns = args->n - column < COLUMNS ? args->n - column : COLUMNS;
      double sums[COLUMNS] = {0};
      for (size_t first = 0; first < args->k; first += PIECE) {
        const size_t count = args->k - first < PIECE ? args->k - first : PIECE;
        decode((const char *)args->weights + row * args->row_bytes + first / elements * bytes, w, count);
        for (size_t c = 0; c < columns; c++) {
          (quantized ? codes_of : values_of)(args, column + c, first, count, x);
          sums[c] += dot_piece(w, x, count);
        }
      }
      for (size_t c = 0; c < columns; c++)
        args->y[(column + c) * args->y_stride + row] = (float)sums[c];
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

static void apus_store_key_f32__reference(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((float *)block)[i * POSITIONS + offset] = x[i];
}

static void apus_store_value_f32__reference(const float *x, size_t dimension, size_t offset, void *block) {
  memcpy((float *)block + offset * dimension, x, dimension * sizeof(float));
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

static float key_f32_at(const void *block, size_t dimension, size_t offset, size_t index) {
  (void)dimension;
  return ((const float *)block)[index * POSITIONS + offset];
}

static float value_f32_at(const void *block, size_t dimension, size_t offset, size_t index) {
  return ((const float *)block)[offset * dimension + index];
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

// Positions [first, end) of a part that a token looks at.
static void visible(const apus_attention_args *args, size_t token, size_t part, size_t *first, size_t *end) {
  const size_t position = args->position + token, begin = part * APUS_ATTENTION_PART_POSITIONS;
  const size_t part_end = begin + APUS_ATTENTION_PART_POSITIONS, stop = position + 1 + args->after;
  *first = position > args->before ? position - args->before : 0;
  *first = *first > begin ? *first : begin;
  *end = stop < args->length ? stop : args->length;
  *end = *end < part_end ? *end : part_end;
}

static double score(const apus_attention_args *args, double product, size_t head, size_t token, size_t position) {
  const double distance = fabs((double)(args->position + token) - (double)position);
  double score = product * args->scale;
  if (args->soft_cap != 0)
    score = args->soft_cap * tanh(score / args->soft_cap);
  return args->slopes ? score - args->slopes[head] * distance : score;
}

// How one head's keys or values are stored.
typedef struct {
  element_fn element;
  size_t head_bytes;
} stored;

static void attention(const apus_attention_args *args, size_t kv_head, size_t part, float *result, stored key,
                      stored value, int quantized) {
  const void *values = args->values_are_keys ? args->keys : args->values;
  const size_t value_block = args->values_are_keys ? args->key_block_bytes : args->value_block_bytes;
  const size_t stored_dimension = args->values_are_keys ? args->key_dimension : args->value_dimension;
  const size_t part_begin = part * APUS_ATTENTION_PART_POSITIONS;
  if (args->values_are_keys)
    value = key;
  for (size_t i = 0; i < args->tokens * args->group; i++, result += args->value_dimension + 2) {
    const size_t t = i / args->group, head = kv_head * args->group + i % args->group;
    const float *q = args->q + t * args->q_stride + head * args->key_dimension;
    size_t first, end;
    visible(args, t, part, &first, &end);
    double scores[APUS_ATTENTION_PART_POSITIONS], peak = -INFINITY, sum = 0;
    for (size_t p = first; p < end; p++) {
      double dot = 0;
      for (size_t j = 0; j < args->key_dimension; j++)
        dot += query_at(q, j, quantized) * element_at(args->keys, args, args->key_block_bytes, key.head_bytes, kv_head,
                                                      p, key.element, args->key_dimension, j);
      scores[p - part_begin] = score(args, dot, head, t, p);
      peak = fmax(peak, scores[p - part_begin]);
    }
    memset(result, 0, args->value_dimension * sizeof(float));
    for (size_t p = first; p < end; p++) {
      const double weight = exp(scores[p - part_begin] - peak);
      sum += weight;
      for (size_t j = 0; j < args->value_dimension; j++)
        result[j] += (float)(weight * element_at(values, args, value_block, value.head_bytes, kv_head, p, value.element,
                                                 stored_dimension, j));
    }
    result[args->value_dimension] = (float)peak;
    result[args->value_dimension + 1] = (float)sum;
  }
}

static void apus_attention_f16__reference(const apus_attention_args *args, size_t kv_head, size_t part,
                                          float *result) {
  attention(args, kv_head, part, result, (stored){key_f16_at, POSITIONS * args->key_dimension * 2},
            (stored){value_f16_at, POSITIONS * args->value_dimension * 2}, 0);
}

static void apus_attention_f32__reference(const apus_attention_args *args, size_t kv_head, size_t part,
                                          float *result) {
  attention(args, kv_head, part, result, (stored){key_f32_at, POSITIONS * args->key_dimension * sizeof(float)},
            (stored){value_f32_at, POSITIONS * args->value_dimension * sizeof(float)}, 0);
}

static void apus_attention_q8_0__reference(const apus_attention_args *args, size_t kv_head, size_t part,
                                           float *result) {
  attention(args, kv_head, part, result, (stored){key_q8_0_at, POSITIONS * args->key_dimension / 32 * 34},
            (stored){value_q8_0_at, POSITIONS * args->value_dimension / 32 * 34}, 1);
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
    const size_t head = kv_head * args->group + i % args->group;
    float *y = args->y + i / args->group * args->y_stride + head * dimension;
    const double sink = args->sinks ? args->sinks[head] : -INFINITY, peak = fmax(merged[dimension], sink);
    const double factor = exp(merged[dimension] - peak);
    const double sum = merged[dimension + 1] * factor + exp(sink - peak);
    for (size_t j = 0; j < dimension; j++)
      y[j] = (float)(merged[j] * factor / sum);
  }
}

// ---- row operations

static double variance(const float *x, double mean, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (x[i] - mean) * (x[i] - mean);
  return sum / (double)count;
}

static void norm(const float *x, double mean, const float *gain, const float *bias, float epsilon, size_t count,
                 float *y) {
  const double factor = 1 / sqrt(variance(x, mean, count) + epsilon);
  for (size_t i = 0; i < count; i++)
    y[i] = (float)((x[i] - mean) * factor * (gain ? gain[i] : 1) + (bias ? bias[i] : 0));
}

static void apus_rms_norm__reference(const float *x, const float *gain, const float *bias, float epsilon, size_t count,
                                     float *y) {
  norm(x, 0, gain, bias, epsilon, count, y);
}

static void apus_layer_norm__reference(const float *x, const float *gain, const float *bias, float epsilon,
                                       size_t count, float *y) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += x[i];
  norm(x, sum / (double)count, gain, bias, epsilon, count, y);
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

static void apus_rope_split__reference(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++)
    turn(&x[i], &x[pairs + i], table[i], table[pairs + i]);
}

static void apus_add__reference(const float *y, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] += y[i];
}

static void apus_add_scaled__reference(const float *y, float factor, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] = (float)(x[i] + (double)factor * y[i]);
}

static void apus_scale__reference(float *x, float factor, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] *= factor;
}

static void apus_cap__reference(float *x, float limit, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] = (float)(limit * tanh((double)x[i] / limit));
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

// ---- activations: ApusCore's Activation has the formulas and their sources

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double silu(double x) { return x * sigmoid(x); }
// (1 + tanh(u)) / 2 is sigmoid(2u), which loses nothing where tanh is close to -1. The first factor: sqrt(2 / pi).
static double gelu(double x) { return x * sigmoid(2 * 0.79788456080286536 * (x + 0.044715 * x * x * x)); }
static double gelu_erf(double x) { return x / 2 * erfc(-x / sqrt(2)); }
static double tangent(double x) { return tanh(x); }

static double squared_relu(double x) { return x < 0 ? 0 : x * x; }

#define X(name)                                                                                                      \
  static void apus_activate_##name##__reference(float *x, size_t count) {                                            \
    for (size_t i = 0; i < count; i++)                                                                               \
      x[i] = (float)name(x[i]);                                                                                      \
  }                                                                                                                  \
  static void apus_gate_##name##__reference(const float *gate, float *up, size_t count) {                            \
    for (size_t i = 0; i < count; i++)                                                                               \
      up[i] = (float)(name(gate[i]) * up[i]);                                                                        \
  }
APUS_ACTIVATIONS(X)
#undef X

static void apus_gate_clamped_swish__reference(const float *gate, float *up, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const double g = gate[i] > 7 ? 7 : gate[i], u = up[i] > 7 ? 7 : up[i] < -7 ? -7 : up[i];
    up[i] = (float)(g * sigmoid(1.702 * g) * (u + 1));
  }
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
  kernels->store_key[APUS_KV_F32] = apus_store_key_f32__reference;
  kernels->store_value[APUS_KV_F16] = apus_store_value_f16__reference;
  kernels->store_value[APUS_KV_Q8_0] = apus_store_value_q8_0__reference;
  kernels->store_value[APUS_KV_F32] = apus_store_value_f32__reference;
  kernels->attention[APUS_KV_F16] = apus_attention_f16__reference;
  kernels->attention[APUS_KV_Q8_0] = apus_attention_q8_0__reference;
  kernels->attention[APUS_KV_F32] = apus_attention_f32__reference;
  kernels->attention_merge = apus_attention_merge__reference;
  kernels->attention_finish = apus_attention_finish__reference;
  kernels->softmax = apus_softmax__reference;
  kernels->rms_norm = apus_rms_norm__reference;
  kernels->layer_norm = apus_layer_norm__reference;
  kernels->rope_adjacent = apus_rope_adjacent__reference;
  kernels->rope_split = apus_rope_split__reference;
  kernels->add = apus_add__reference;
  kernels->add_scaled = apus_add_scaled__reference;
  kernels->scale = apus_scale__reference;
  kernels->cap = apus_cap__reference;
#define X(name)                                                                                                      \
  kernels->activate[APUS_##name] = apus_activate_##name##__reference;                                                \
  kernels->gate[APUS_##name] = apus_gate_##name##__reference;
  APUS_ACTIVATIONS(X)
#undef X
  kernels->gate[APUS_clamped_swish] = apus_gate_clamped_swish__reference;
}
