// Row operations around the matmuls. Plain loops: the compiler vectorizes them for each level's instruction set.

SIMD float square_sum(const float *x, float mean, size_t count) {
  vf squares = vf_zero();
  size_t i = 0;
  for (; i + VF <= count; i += VF) {
    const vf difference = vf_add(vf_load_f32(x + i), vf_splat(-mean));
    squares = vf_fma(difference, difference, squares);
  }
  float sum = vf_sum(squares);
  for (; i < count; i++)
    sum += (x[i] - mean) * (x[i] - mean);
  return sum;
}

SIMD void normed(const float *x, float mean, const float *gain, const float *bias, float epsilon, size_t count,
                 float *y) {
  const float factor = 1 / __builtin_sqrtf(square_sum(x, mean, count) / (float)count + epsilon);
  if (!gain)
    for (size_t i = 0; i < count; i++)
      y[i] = (x[i] - mean) * factor;
  else if (!bias)
    for (size_t i = 0; i < count; i++)
      y[i] = (x[i] - mean) * factor * gain[i];
  else
    for (size_t i = 0; i < count; i++)
      y[i] = (x[i] - mean) * factor * gain[i] + bias[i];
  if (!gain && bias)
    for (size_t i = 0; i < count; i++)
      y[i] += bias[i];
}

static void LEVEL(apus_rms_norm)(const float *x, const float *gain, const float *bias, float epsilon, size_t count,
                                 float *y) {
  normed(x, 0, gain, bias, epsilon, count, y);
}

static void LEVEL(apus_layer_norm)(const float *x, const float *gain, const float *bias, float epsilon, size_t count,
                                   float *y) {
  vf sums = vf_zero();
  size_t i = 0;
  for (; i + VF <= count; i += VF)
    sums = vf_add(vf_load_f32(x + i), sums);
  float sum = vf_sum(sums);
  for (; i < count; i++)
    sum += x[i];
  normed(x, sum / (float)count, gain, bias, epsilon, count, y);
}

static void LEVEL(apus_rope_adjacent)(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    float even = x[2 * i], odd = x[2 * i + 1], cosine = table[i], sine = table[pairs + i];
    x[2 * i] = even * cosine - odd * sine;
    x[2 * i + 1] = even * sine + odd * cosine;
  }
}

static void LEVEL(apus_rope_split)(float *x, const float *table, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    float low = x[i], high = x[pairs + i], cosine = table[i], sine = table[pairs + i];
    x[i] = low * cosine - high * sine;
    x[pairs + i] = low * sine + high * cosine;
  }
}

static void LEVEL(apus_add)(const float *y, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] += y[i];
}

static void LEVEL(apus_add_scaled)(const float *y, float factor, float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] += factor * y[i];
}

static void LEVEL(apus_scale)(float *x, float factor, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] *= factor;
}

static void LEVEL(apus_cap)(float *x, float limit, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] = limit * tangent(x[i] / limit);
}

#define X(name)                                                                                                      \
  static void LEVEL(apus_activate_##name)(float *x, size_t count) {                                                  \
    for (size_t i = 0; i < count; i++)                                                                               \
      x[i] = name(x[i]);                                                                                             \
  }                                                                                                                  \
  static void LEVEL(apus_gate_##name)(const float *gate, float *up, size_t count) {                                  \
    for (size_t i = 0; i < count; i++)                                                                               \
      up[i] *= name(gate[i]);                                                                                        \
  }
APUS_ACTIVATIONS(X)
#undef X

static void LEVEL(apus_gate_clamped_swish)(const float *gate, float *up, size_t count) {
  for (size_t i = 0; i < count; i++)
    up[i] = clamped_swish(gate[i], up[i]);
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
