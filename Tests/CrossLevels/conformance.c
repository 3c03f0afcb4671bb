// Compares every kernel level that this build can run (or those named as arguments) with the reference, on random
// operands.
//
// For levels that the machine itself lacks: `run` builds this with emulated instructions (see there). On a machine
// that has them, the Swift tests of ApusCPU do the same and more.
#include "formats/layouts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t state = 1;

static uint64_t next(void) { // SplitMix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static float uniform(void) { return (float)(next() >> 40) * 0x1p-23f - 1; }

static int failures = 0;
static long comparisons = 0;

static void compare(const char *what, const char *level, float found, float expected, float tolerance) {
  comparisons++;
  if (fabsf(found - expected) <= tolerance || isinf(tolerance)) // random floats may overflow any sum
    return;
  if (failures++ < 20)
    printf("%s, %s: %g, expected %g +- %g\n", level, what, found, expected, tolerance);
}

static void compare_bits(const char *what, const char *level, float found, float expected) {
  comparisons++;
  if (memcmp(&found, &expected, sizeof found) == 0 || (isnan(found) && isnan(expected)))
    return;
  if (failures++ < 20)
    printf("%s, %s: %a, expected the bits of %a\n", level, what, found, expected);
}

// ---- matmul: every operand ends at an inaccessible page

enum { WEIGHTS, VALUES, CODES, SCALES, SUMS16, SUMS32, OFFSETS, OUTPUT, BUFFERS, BUFFER_BYTES = 1 << 22 };

static char *buffer_ends[BUFFERS];

static void make_buffers(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < BUFFERS; i++) {
    char *pages = mmap(NULL, BUFFER_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + BUFFER_BYTES, page, PROT_NONE) != 0)
      abort();
    buffer_ends[i] = pages + BUFFER_BYTES;
  }
}

static void *buffer(int which, size_t bytes) {
  if (bytes > BUFFER_BYTES)
    abort();
  return buffer_ends[which] - bytes;
}

typedef struct {
  apus_format format;
  size_t rows, k, n, row_bytes;
  uint8_t *weights;
  float *values;
  apus_core core;
} product;

static apus_core random_core(void) { return (apus_core){(int)(next() & 1), (apus_prefetch)(next() % 3)}; }

static product random_product(apus_format format, size_t rows, size_t k, size_t n) {
  const size_t bytes = apus_layouts[format].bytes, blocks = rows * k / apus_layouts[format].elements;
  product p = {format, rows, k, n, k / apus_layouts[format].elements * bytes, buffer(WEIGHTS, blocks * bytes),
               buffer(VALUES, n * k * 4), random_core()};
  for (size_t i = 0; i < blocks; i++) {
    uint8_t *block = p.weights + i * bytes;
    do
      for (size_t j = 0; j < bytes; j++)
        block[j] = (uint8_t)next();
    while (apus_first_nonfinite(format, block, 1) == 0);
    if (format == APUS_mxfp4) // of any two powers of two one would hide the other's errors
      block[0] = (uint8_t)(0x78 | (block[0] & 7));
  }
  for (size_t i = 0; i < n * k; i++)
    p.values[i] = uniform();
  return p;
}

// Where blocks of a format have halves: where an infinite one is seen.
static size_t halves_of(apus_format format, size_t *offsets) {
  const size_t bytes = apus_layouts[format].bytes;
  size_t count = 0;
  for (size_t at = 0; at + 2 <= bytes; at += 2) {
    uint8_t *block = buffer(WEIGHTS, bytes);
    memset(block, 0, bytes);
    block[at + 1] = 0x7c;
    if (apus_first_nonfinite(format, block, 1) == 0)
      offsets[count++] = at;
  }
  return count;
}

// Scales of MXFP4, NVFP4 and IQ1_M, which are no halves.
static void set_other_scales(apus_format format, uint8_t *block) {
  if (format == APUS_mxfp4)
    block[0] = (uint8_t)(0x78 + (next() & 1));
  for (int i = 0; format == APUS_nvfp4 && i < 4; i++)
    block[i] = (uint8_t)(next() & 0x3f);
  for (int i = 0; format == APUS_iq1_m && i < 4; i++) // 0x2c00
    block[49 + 2 * i] = (uint8_t)((block[49 + 2 * i] & 15) | (i < 2 ? 0 : i == 2 ? 0xc0 : 0x20));
}

// A product whose sums are as large as they come: all bytes of the weights but the scales of blocks are `byte`, all
// activations `value`.
static product extreme_product(apus_format format, size_t rows, size_t k, size_t n, uint8_t byte, float value) {
  size_t offsets[4];
  const size_t halves = halves_of(format, offsets);
  product p = random_product(format, rows, k, n);
  memset(p.weights, byte, rows * p.row_bytes);
  for (size_t i = 0; i < rows * p.row_bytes; i += apus_layouts[format].bytes) {
    for (size_t j = 0; j < halves; j++)
      memcpy(p.weights + i + offsets[j], &(uint16_t){(uint16_t)(0x2c00 + (next() & 0x3ff))}, 2);
    set_other_scales(format, p.weights + i);
  }
  for (size_t i = 0; i < n * k; i++)
    p.values[i] = value;
  return p;
}

// The columns [first, first + n) as a matmul takes them.
static apus_activations activations(const apus_kernels *kernels, const product *p, size_t first, size_t n) {
  const size_t k = p->k, chunk = apus_chunk_tokens(k);
  apus_activations x = {p->values + first * k};
  if (apus_layouts[p->format].elements == 1)
    return x;
  int8_t *codes = buffer(CODES, n * k);
  float *scales = buffer(SCALES, n * k / 8), *sums32 = buffer(SUMS32, n * k / 8);
  int16_t *sums16 = buffer(SUMS16, n * k / 8);
  int32_t *offsets = buffer(OFFSETS, n * k / 8);
  for (size_t i = 0; i < n; i++) {
    const size_t start = i / chunk * chunk, t = i - start, width = n - start < chunk ? n - start : chunk;
    const size_t block = start * (k / 32) + t;
    kernels->quantize(x.values + i * k, k, 1, width, codes + 32 * block, scales + block, sums16 + 2 * block,
                      sums32 + block, offsets + block);
  }
  x.codes = codes, x.scales = scales, x.sums16 = sums16, x.sums32 = sums32, x.offsets = offsets;
  return x;
}

// y [p->n][p->rows] of a part of the rows and columns, NaN elsewhere; in memory of its own. `x` has the columns.
static float *run_part(const apus_kernels *kernels, const product *p, apus_activations x, size_t row, size_t row_end,
                       size_t column, size_t column_end) {
  const size_t bytes = p->n * p->rows * sizeof(float);
  float *y = buffer(OUTPUT, bytes), *copy = malloc(bytes);
  for (size_t i = 0; i < p->n * p->rows; i++)
    y[i] = NAN;
  const apus_matmul_args args = {
      p->weights, p->row_bytes, p->k, column_end - column, x, y + column * p->rows, p->rows, p->core};
  apus_matmul(kernels, p->format, &args, row, row_end);
  return memcpy(copy, y, bytes);
}

// The same of all rows and the last `n` columns, whose operands end at the inaccessible pages.
static float *run_last(const apus_kernels *kernels, const product *p, size_t n) {
  return run_part(kernels, p, activations(kernels, p, p->n - n, n), 0, p->rows, p->n - n, p->n);
}

static float *run(const apus_kernels *kernels, const product *p) { return run_last(kernels, p, p->n); }

// What the reference gives for a product, and sum |w x|, which rounding errors are relative to.
typedef struct {
  size_t columns; // the first ones; the others are equal to them, in turn
  float *values, *magnitudes;
} expectation;

static expectation expect(const apus_kernels *reference, const product *p, size_t columns) {
  float *w = malloc(p->k * sizeof(float)), *magnitudes = calloc(columns * p->rows, sizeof(float));
  for (size_t row = 0; row < p->rows; row++) {
    reference->decode[p->format](p->weights + row * p->row_bytes, w, p->k);
    for (size_t column = 0; column < columns; column++)
      for (size_t i = 0; i < p->k; i++)
        magnitudes[column * p->rows + row] += fabsf(w[i] * p->values[column * p->k + i]);
  }
  free(w);
  const apus_activations x = activations(reference, p, 0, columns);
  return (expectation){columns, run_part(reference, p, x, 0, p->rows, 0, columns), magnitudes};
}

static void forget(expectation e) { free(e.values), free(e.magnitudes); }

// The last `n` columns of a product against what is expected.
static void test_values(const apus_kernels *kernels, const product *p, const float *found, size_t n, expectation e) {
  for (size_t column = p->n - n; column < p->n; column++)
    for (size_t row = 0; row < p->rows; row++) {
      const size_t at = column % e.columns * p->rows + row;
      compare(apus_layouts[p->format].name, kernels->name, found[column * p->rows + row], e.values[at],
              e.magnitudes[at] * 0x1p-16f + 0x1p-126f);
    }
}

// With any of `counts` tokens, each on a core of its own.
static void test_counts(const apus_kernels *kernels, product p, const size_t *counts, size_t count, expectation e) {
  for (size_t i = 0; i < count; i++) {
    p.core = random_core();
    float *found = run_last(kernels, &p, counts[i]);
    test_values(kernels, &p, found, counts[i], e);
    free(found);
  }
  forget(e);
}

// Integer sums are exact and floats are added in one order: all levels above the reference agree to the bit.
static void test_same_bits(const apus_kernels *kernels, const apus_kernels *below, const product *p,
                           const float *found) {
  if (!below || apus_layouts[p->format].elements == 1)
    return;
  float *expected = run(below, p);
  for (size_t i = 0; i < p->n * p->rows; i++)
    compare_bits(apus_layouts[p->format].name, kernels->name, found[i], expected[i]);
  free(expected);
}

// Parts of the rows and columns have the bits of the whole, and nothing else is written.
static void test_parts(const apus_kernels *kernels, const product *p, const float *whole) {
  static const size_t rows[][2] = {{0, 1}, {0, 4}, {1, 42}, {64, 75}, {74, 75}, {0, 75}};
  // Every number of tokens up to eight has a loop of its own.
  const size_t columns[][2] = {{0, 1}, {1, 3},  {2, 5},    {0, 4},                 {1, 6},           {0, 6},
                               {1, 8}, {2, 10}, {3, p->n}, {p->n - 17, p->n - 12}, {p->n - 1, p->n}};
  for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
    const apus_activations x = activations(kernels, p, columns[j][0], columns[j][1] - columns[j][0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      float *part = run_part(kernels, p, x, rows[i][0], rows[i][1], columns[j][0], columns[j][1]);
      for (size_t column = 0; column < p->n; column++)
        for (size_t row = 0; row < p->rows; row++) {
          const int inside = row >= rows[i][0] && row < rows[i][1] && column >= columns[j][0] && column < columns[j][1];
          const size_t at = column * p->rows + row;
          compare_bits(apus_layouts[p->format].name, kernels->name, part[at], inside ? whole[at] : NAN);
        }
      free(part);
    }
  }
}

static void test_matmuls(const apus_kernels *kernels, const apus_kernels *reference, const apus_kernels *below,
                         apus_format format) {
  // Blocks of 32 weights are read in strips of up to eight: one that ends the weights, and two and a rest.
  const size_t units[] = {1, 2, 3, 8, apus_layouts[format].elements == 32 ? 19 : 9};
  static const size_t all_rows[] = {1, 3, 4, 5, 8, 9, 19, 37}, all_columns[] = {1, 2, 3, 4, 7, 8};
  const size_t unit = apus_layouts[format].elements > 1 ? apus_layouts[format].elements : 19;
  for (int i = 0; i < 5; i++) {
    for (int j = 0; j < 8; j++)
      for (int l = 0; l < 6; l++) {
        const product p = random_product(format, all_rows[j], unit * units[i], all_columns[l]);
        test_counts(kernels, p, all_columns + l, 1, expect(reference, &p, all_columns[l]));
      }
    const product p = random_product(format, 67, unit * units[i], 70);
    const expectation e = expect(reference, &p, p.n);
    float *found = run(kernels, &p);
    test_values(kernels, &p, found, p.n, e);
    test_same_bits(kernels, below, &p, found);
    forget(e), free(found);
  }
  // More tokens than one chunk.
  // Blocks of 32 weights are read in strips of up to eight: one, and a rest.
  const size_t k = apus_layouts[format].elements == 1 ? 2077 : apus_layouts[format].elements == 32 ? 11 * unit : 3 * unit;
  product p = random_product(format, 75, k, apus_chunk_tokens(k) + 14);
  const expectation e = expect(reference, &p, p.n);
  // What CPUs there are: see core_of in dispatch.c.
  static const apus_core cores[] = {
      {0, APUS_PREFETCH_FAR}, {1, APUS_PREFETCH_NEAR}, {0, APUS_PREFETCH_STREAMS}, {1, APUS_PREFETCH_STREAMS}};
  for (size_t core = 0; core < sizeof cores / sizeof cores[0]; core++) {
    p.core = cores[core];
    float *found = run(kernels, &p);
    test_values(kernels, &p, found, p.n, e);
    test_same_bits(kernels, below, &p, found);
    test_parts(kernels, &p, found);
    free(found);
  }
  forget(e);
}

// No sum of codes overflows on the way.
static void test_extremes(const apus_kernels *kernels, const apus_kernels *reference, apus_format format) {
  static const uint8_t bytes[] = {0xff, 0x00, 0x80, 0x7f, 0xaa, 0x55, 0xf0, 0x0f};
  static const size_t columns[] = {1, 2, 3, 4, 5, 6, 7, 8, 37};
  for (size_t i = 0; i < sizeof bytes; i++)
    for (int sign = -1; sign <= 1; sign += 2) {
      const product p = extreme_product(format, 35, 512, 37, bytes[i], (float)sign);
      test_counts(kernels, p, columns, sizeof columns / sizeof columns[0], expect(reference, &p, 1));
    }
}

// ---- the other operations

static void test_quantize(const apus_kernels *kernels, const apus_kernels *reference) {
  enum { K = 9 * 32, TOKENS = 11, SUMS = TOKENS * K / 32 };
  float x[TOKENS * K], scales[2][SUMS], sums32[2][SUMS];
  int16_t sums16[2][2 * SUMS];
  int32_t offsets[2][SUMS];
  int8_t codes[2][TOKENS * K];
  for (int i = 0; i < TOKENS * K; i++)
    x[i] = i < 32 ? 0 : uniform();
  // All tokens but one as a chunk, and the last one alone.
  const size_t alone = TOKENS - 1, at = alone * K;
  for (int level = 0; level < 2; level++) {
    const apus_kernels *own = level ? kernels : reference;
    own->quantize(x, K, alone, alone, codes[level], scales[level], sums16[level], sums32[level], offsets[level]);
    own->quantize(x + at, K, 1, 1, codes[level] + at, scales[level] + at / 32, sums16[level] + at / 16,
                  sums32[level] + at / 32, offsets[level] + at / 32);
  }
  for (int i = 0; i < TOKENS * K; i++)
    compare_bits("codes", kernels->name, codes[1][i], codes[0][i]);
  for (int i = 0; i < SUMS; i++) {
    compare_bits("scales", kernels->name, scales[1][i], scales[0][i]);
    compare_bits("sums32", kernels->name, sums32[1][i], sums32[0][i]);
    compare_bits("offsets", kernels->name, (float)offsets[1][i], (float)offsets[0][i]);
  }
  for (int i = 0; i < 2 * SUMS; i++)
    compare_bits("sums16", kernels->name, sums16[1][i], sums16[0][i]);
}

// y of `tokens` tokens from `position` on: all parts, merged in order.
static void run_attention(const apus_kernels *kernels, apus_kv_format format, apus_attention_args args, size_t heads) {
  const size_t first = args.position > args.before ? args.position - args.before : 0;
  const size_t part = first / APUS_ATTENTION_PART_POSITIONS;
  const size_t end = (args.length - 1) / APUS_ATTENTION_PART_POSITIONS + 1;
  float *merged = malloc(2 * apus_attention_part_floats(&args) * 4), *next = merged + apus_attention_part_floats(&args);
  args.scratch = malloc(apus_attention_scratch_bytes(&args));
  for (size_t head = 0; head < heads; head++) {
    for (size_t i = part; i < end; i++) {
      apus_attention(kernels, format, &args, head, i, i == part ? merged : next);
      if (i > part)
        kernels->attention_merge(&args, next, merged);
    }
    kernels->attention_finish(&args, head, merged);
  }
  free(merged), free(args.scratch);
}

enum { PLAIN, BENT = 1, SUNK = 2, SHARED = 4 }; // soft cap and slopes, sinks, values that are keys

// Bytes of one head's key or value.
static size_t row_bytes(apus_kv_format format, size_t dimension) {
  if (format == APUS_KV_Q8_0)
    return dimension / 32 * 34;
  return dimension * (format == APUS_KV_F32 ? sizeof(float) : sizeof(uint16_t));
}

static void test_attention(const apus_kernels *kernels, const apus_kernels *reference, apus_kv_format format,
                           size_t dimension, size_t position, size_t tokens, size_t before, size_t after,
                           int options) {
  enum { HEADS = 2, GROUP = 3 };
  const size_t row = row_bytes(format, dimension), width = HEADS * GROUP * dimension;
  const size_t length = position + tokens, head = APUS_KV_BLOCK_POSITIONS * row;
  const size_t blocks = (length - 1) / APUS_KV_BLOCK_POSITIONS + 1;
  float *x = malloc(dimension * 4), *q = malloc(tokens * width * 4), *y[2], slopes[HEADS * GROUP], sinks[HEADS * GROUP];
  char *keys = malloc(blocks * HEADS * head), *values = malloc(blocks * HEADS * head);
  int32_t *table = malloc(blocks * 4);
  for (size_t i = 0; i < blocks; i++)
    table[i] = (int32_t)(blocks - 1 - i);
  for (size_t i = 0; i < blocks * HEADS; i++)
    for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++) {
      for (size_t d = 0; d < dimension; d++)
        x[d] = uniform();
      apus_store_key(kernels, format, x, dimension, p, keys + i * head);
      apus_store_value(kernels, format, x, dimension, p, values + i * head);
    }
  for (size_t i = 0; i < tokens * width; i++)
    q[i] = uniform() * 4;
  for (size_t i = 0; i < HEADS * GROUP; i++)
    slopes[i] = uniform() / 8, sinks[i] = uniform() * 4;
  for (int i = 0; i < 2; i++) {
    y[i] = malloc(tokens * width * 4);
    const apus_attention_args args = {
        .q = q, .y = y[i], .q_stride = width, .y_stride = width, .keys = keys, .values = values,
        .key_block_bytes = HEADS * head, .value_block_bytes = HEADS * head, .block_table = table, .group = GROUP,
        .key_dimension = dimension, .value_dimension = dimension, .tokens = tokens, .position = position,
        .before = before, .after = after, .length = length, .scale = 0.2f, .soft_cap = options & BENT ? 2 : 0,
        .slopes = options & BENT ? slopes : 0, .sinks = options & SUNK ? sinks : 0,
        .values_are_keys = (options & SHARED) != 0};
    run_attention(i ? reference : kernels, format, args, HEADS);
  }
  for (size_t i = 0; i < tokens * width; i++)
    compare("attention", kernels->name, y[0][i], y[1][i], 4e-6f);
  free(x), free(q), free(keys), free(values), free(table), free(y[0]), free(y[1]);
}

// All row operations, one after the other, on rows of their own; `other` is an operand.
enum { ROWS = 8 };
static void change_rows(const apus_kernels *k, float **v, const float *other, size_t count) {
  k->rms_norm(v[0], other, 0, 1e-5f, count, v[0]);
  k->layer_norm(v[1], other, other, 1e-5f, count, v[1]);
  k->softmax(v[2], count);
  k->rope_adjacent(v[3], other, count / 2);
  k->rope_split(v[3], other, count / 2);
  k->add(other, v[3], count);
  k->add_scaled(other, 0.7f, v[4], count);
  k->scale(v[4], 1.3f, count);
  k->cap(v[5], 2, count);
  for (int i = 0; i < APUS_ACTIVATION_COUNT; i++) {
    apus_gate(k, (apus_activation)i, other, v[6], count);
    if (i < APUS_clamped_swish)
      apus_activate(k, (apus_activation)i, v[7], count);
  }
}

static void test_rows(const apus_kernels *kernels, const apus_kernels *reference, size_t count) {
  float *values[2][ROWS], *other = malloc(count * 4);
  for (size_t i = 0; i < count; i++)
    other[i] = uniform() * 4;
  for (int j = 0; j < ROWS; j++) {
    values[0][j] = malloc(count * 4), values[1][j] = malloc(count * 4);
    for (size_t i = 0; i < count; i++)
      values[0][j][i] = values[1][j][i] = uniform() * 4;
  }
  for (int i = 0; i < 2; i++)
    change_rows(i ? reference : kernels, values[i], other, count);
  for (int j = 0; j < ROWS; j++)
    for (size_t i = 0; i < count; i++)
      compare("row operation", kernels->name, values[0][j][i], values[1][j][i], 1e-4f);
  for (int j = 0; j < ROWS; j++)
    free(values[0][j]), free(values[1][j]);
  free(other);
}

// `below` is the level under this one, NULL if that is the reference.
static void test_level(const apus_kernels *kernels, const apus_kernels *reference, const apus_kernels *below) {
  for (int format = 0; format < APUS_FORMAT_COUNT; format++) {
    test_matmuls(kernels, reference, below, (apus_format)format);
    if (apus_layouts[format].elements > 1)
      test_extremes(kernels, reference, (apus_format)format);
  }
  test_quantize(kernels, reference);
  for (size_t dimension = 32; dimension <= 128; dimension += 32)
    for (int format = 0; format < APUS_KV_FORMAT_COUNT; format++) {
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 0, 1, SIZE_MAX, 0, PLAIN);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 90, 10, SIZE_MAX, 0, PLAIN);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 90, 10, SIZE_MAX, 0, BENT);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 64, 1, 27, 0, SUNK);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 70, 9, 40, 0, SHARED);
    }
  test_attention(kernels, reference, APUS_KV_F16, 20, 505, 16, 11, 0, PLAIN);
  test_attention(kernels, reference, APUS_KV_F16, 40, 0, 45, 6, 6, SUNK);
  test_attention(kernels, reference, APUS_KV_F16, 40, 500, 40, SIZE_MAX, 540, BENT);
  test_attention(kernels, reference, APUS_KV_F32, 40, 500, 40, SIZE_MAX, 540, BENT);
  test_attention(kernels, reference, APUS_KV_F32, 24, 505, 1, SIZE_MAX, 0, SHARED);
  test_attention(kernels, reference, APUS_KV_Q8_0, 64, 1100, 1, SIZE_MAX, 0, PLAIN);
  for (size_t count = 2; count < 70; count += 2)
    test_rows(kernels, reference, count);
}

static int is_named(const char *name, int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0)
      return 1;
  return argc == 1;
}

int main(int argc, char **argv) {
  apus_kernels reference, kernels, below;
  int ran = 0;
  make_buffers();
  apus_kernels_load(&reference, 0);
  for (size_t level = 1; level < apus_level_count(); level++) {
    if (!is_named(apus_level_name(level), argc, argv) || !apus_kernels_load(&kernels, level))
      continue;
    const long before = comparisons;
    const int has_below = level > 1 && apus_kernels_load(&below, level - 1);
    test_level(&kernels, &reference, has_below ? &below : NULL);
    printf("level %s: %ld results compared\n", kernels.name, comparisons - before);
    ran++;
  }
  printf("%d levels, %ld comparisons, %d failures\n", ran, comparisons, failures);
  return failures > 0 || ran < argc - 1 || ran == 0;
}
