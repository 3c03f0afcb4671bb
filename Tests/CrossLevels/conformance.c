// Compares every kernel level that this build can run with the reference, on random operands.
//
// For levels that the machine itself lacks: `run` builds this with emulated instructions (see there). On a machine
// that has them, the Swift tests of ApusCPU do the same and more.
#include "CApusKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;

static uint64_t next(void) { // SplitMix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static float uniform(void) { return (float)(next() >> 40) * 0x1p-23f - 1; }

static const struct {
  const char *name;
  size_t elements, bytes;
} formats[APUS_FORMAT_COUNT] = {
    {"F32", 1, 4},       {"F16", 1, 2},       {"BF16", 1, 2},      {"Q4_0", 32, 18},    {"Q4_1", 32, 20},
    {"Q5_0", 32, 22},    {"Q5_1", 32, 24},    {"Q8_0", 32, 34},    {"Q2_K", 256, 84},   {"Q3_K", 256, 110},
    {"Q4_K", 256, 144},  {"Q5_K", 256, 176},  {"Q6_K", 256, 210},  {"IQ4_NL", 32, 18},  {"IQ4_XS", 256, 136},
};

static int failures = 0;
static long comparisons = 0;

static void compare(const char *what, const char *level, float found, float expected, float tolerance) {
  comparisons++;
  if (fabsf(found - expected) <= tolerance || isinf(tolerance)) // random floats may overflow any sum
    return;
  if (failures++ < 20)
    printf("%s, %s: %g, expected %g +- %g\n", level, what, found, expected, tolerance);
}

static uint8_t *random_weights(apus_format format, size_t blocks) {
  uint8_t *weights = malloc(blocks * formats[format].bytes);
  for (size_t i = 0; i < blocks; i++) {
    uint8_t *block = weights + i * formats[format].bytes;
    do
      for (size_t j = 0; j < formats[format].bytes; j++)
        block[j] = (uint8_t)next();
    while (apus_first_nonfinite(format, block, 1) == 0);
  }
  return weights;
}

static void test_matmul(const apus_kernels *kernels, const apus_kernels *reference, apus_format format, size_t rows,
                        size_t k, size_t n) {
  uint8_t *weights = random_weights(format, rows * k / formats[format].elements);
  float *x = malloc(n * k * 4), *w = malloc(k * 4), *y[2];
  int8_t *codes = malloc(n * k);
  float *scales = malloc(n * k), *sums16 = malloc(n * k / 4), *sums32 = malloc(n * k / 8);
  for (size_t i = 0; i < n * k; i++)
    x[i] = uniform();
  for (size_t i = 0; formats[format].elements > 1 && i < n; i++)
    kernels->quantize(x + i * k, k, codes + i * k, scales + i * k / 4, sums16 + i * k / 16, sums32 + i * k / 32);
  for (int i = 0; i < 2; i++) {
    y[i] = malloc(n * rows * 4);
    apus_matmul_args args = {weights, k / formats[format].elements * formats[format].bytes, k, n,
                             {x, codes, scales, sums16, sums32}, y[i], rows};
    apus_matmul(i ? reference : kernels, format, &args, 0, rows);
  }
  for (size_t row = 0; row < rows; row++) {
    reference->decode[format](weights + row * k / formats[format].elements * formats[format].bytes, w, k);
    for (size_t column = 0; column < n; column++) {
      float magnitude = 0;
      for (size_t i = 0; i < k; i++)
        magnitude += fabsf(w[i] * x[column * k + i]);
      size_t at = column * rows + row;
      compare(formats[format].name, kernels->name, y[0][at], y[1][at], magnitude * 0x1p-16f);
    }
  }
  free(weights), free(x), free(w), free(codes), free(scales), free(sums16), free(sums32), free(y[0]), free(y[1]);
}

static void test_attention(const apus_kernels *kernels, const apus_kernels *reference, apus_kv_format format,
                           size_t dimension, size_t first, size_t end) {
  enum { HEADS = 2, GROUP = 3, BLOCKS = 4 };
  size_t row = format == APUS_KV_F16 ? dimension * 2 : dimension / 32 * 34;
  size_t rows = HEADS * APUS_KV_BLOCK_POSITIONS * BLOCKS;
  float *x = malloc(dimension * 4), *q = malloc(HEADS * GROUP * dimension * 4), *y[2];
  char *pools[2];
  for (int i = 0; i < 2; i++) {
    pools[i] = malloc(rows * row);
    for (size_t j = 0; j < rows; j++) {
      for (size_t d = 0; d < dimension; d++)
        x[d] = uniform();
      apus_kv_encode(kernels, format, x, dimension, pools[i] + j * row);
    }
  }
  for (size_t i = 0; i < HEADS * GROUP * dimension; i++)
    q[i] = uniform() * 4;
  int32_t table[BLOCKS] = {2, 0, 3, 1};
  for (int i = 0; i < 2; i++) {
    y[i] = malloc(HEADS * GROUP * dimension * 4);
    size_t block = HEADS * APUS_KV_BLOCK_POSITIONS * row;
    apus_attention_args args = {q, y[i], pools[0], pools[1], block, block, table, GROUP, dimension, dimension,
                                first, end, 0.2f};
    for (size_t head = 0; head < HEADS; head++)
      apus_attention(i ? reference : kernels, format, &args, head);
  }
  for (size_t i = 0; i < HEADS * GROUP * dimension; i++)
    compare("attention", kernels->name, y[0][i], y[1][i], 4e-6f);
  free(x), free(q), free(pools[0]), free(pools[1]), free(y[0]), free(y[1]);
}

static void test_rows(const apus_kernels *kernels, const apus_kernels *reference, size_t count) {
  float *values[2][5];
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 5; j++)
      values[i][j] = malloc(2 * count * 4);
  for (size_t i = 0; i < 2 * count; i++)
    for (int j = 0; j < 5; j++)
      values[0][j][i] = values[1][j][i] = uniform() * 4;
  for (int i = 0; i < 2; i++) {
    const apus_kernels *k = i ? reference : kernels;
    float **v = values[i];
    k->rms_norm(v[0], v[4], 1e-5f, count, v[0]);
    k->swiglu(v[4], v[1], count);
    k->softmax(v[2], count);
    k->rope_adjacent(v[3], v[4], count / 2);
    k->rope_halves(v[3], v[4], count / 2);
    k->add(v[4], v[3], count);
  }
  for (int j = 0; j < 4; j++)
    for (size_t i = 0; i < count; i++)
      compare("row operation", kernels->name, values[0][j][i], values[1][j][i], 1e-4f);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 5; j++)
      free(values[i][j]);
}

static void test_level(const apus_kernels *kernels, const apus_kernels *reference) {
  for (int format = 0; format < APUS_FORMAT_COUNT; format++)
    for (size_t units = 1; units < 4; units++)
      for (size_t rows = 1; rows < 7; rows++)
        for (size_t n = 1; n < 6; n++) {
          size_t unit = formats[format].elements > 1 ? formats[format].elements : 19;
          test_matmul(kernels, reference, (apus_format)format, rows, unit * units, n);
        }
  for (size_t dimension = 32; dimension <= 128; dimension += 32)
    for (int format = 0; format < APUS_KV_FORMAT_COUNT; format++) {
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 0, 1);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 0, 100);
      test_attention(kernels, reference, (apus_kv_format)format, dimension, 37, 65);
    }
  test_attention(kernels, reference, APUS_KV_F16, 20, 5, 70);
  for (size_t count = 2; count < 70; count += 2)
    test_rows(kernels, reference, count);
}

int main(int argc, char **argv) {
  apus_kernels reference, kernels;
  int ran = 0;
  apus_kernels_load(&reference, 0);
  for (size_t level = 1; level < apus_level_count(); level++) {
    if (argc > 1 && strcmp(argv[1], apus_level_name(level)) != 0)
      continue;
    if (!apus_kernels_load(&kernels, level))
      continue;
    long before = comparisons;
    test_level(&kernels, &reference);
    printf("level %s: %ld results compared with the reference\n", kernels.name, comparisons - before);
    ran++;
  }
  printf("%d levels, %ld comparisons, %d failures\n", ran, comparisons, failures);
  return failures > 0 || ran == 0;
}
