#include "exponential.h"

// Row operations around the matmuls. Plain loops: the compiler vectorizes them for each level's instruction set.

static void LEVEL(apus_rms_norm)(const float *x, const float *gain, float epsilon, size_t count, float *y) {
  vf squares = vf_zero();
  size_t i = 0;
  for (; i + VF <= count; i += VF)
    squares = vf_fma(vf_load_f32(x + i), vf_load_f32(x + i), squares);
  float sum = vf_sum(squares);
  for (; i < count; i++)
    sum += x[i] * x[i];
  float factor = 1 / __builtin_sqrtf(sum / (float)count + epsilon);
  for (i = 0; i < count; i++)
    y[i] = x[i] * factor * gain[i];
}

static void LEVEL(apus_rope_adjacent)(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    float even = x[2 * i], odd = x[2 * i + 1], cosine = table[i], sine = table[pairs + i];
    x[2 * i] = even * cosine - odd * sine;
    x[2 * i + 1] = even * sine + odd * cosine;
  }
}

static void LEVEL(apus_rope_halves)(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    float low = x[i], high = x[pairs + i], cosine = table[i], sine = table[pairs + i];
    x[i] = low * cosine - high * sine;
    x[pairs + i] = low * sine + high * cosine;
  }
}

static void LEVEL(apus_swiglu)(const float *gate, float *up, size_t count) {
  for (size_t i = 0; i < count; i++)
    up[i] *= gate[i] / (1 + exponential(-gate[i]));
}

static void LEVEL(apus_add)(const float *y, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] += y[i];
}

static void LEVEL(apus_softmax)(float *values, size_t count) {
  float peak = -__builtin_inff(), sum = 0;
  for (size_t i = 0; i < count; i++)
    peak = values[i] > peak ? values[i] : peak;
  for (size_t i = 0; i < count; i++)
    values[i] = exponential(values[i] - peak);
  for (size_t i = 0; i < count; i++)
    sum += values[i];
  for (size_t i = 0; i < count; i++)
    values[i] /= sum;
}
