// Online softmax: scores become weights, relative to the largest score so far; parts are merged and divided by their
// sums of weights.

// Caps the scores of a block's positions softly and adds the slope of their distance from a query's position, which lies
// `position` from the block's first one on.
SIMD void bend(float *scores, float soft_cap, float slope, float position) {
  if (soft_cap != 0)
    for (int p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)
      scores[p] = soft_cap * tangent(scores[p] / soft_cap);
  if (slope != 0)
    for (int p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)
      scores[p] -= slope * __builtin_fabsf(position - (float)p);
}

// Makes the scores of positions [first, end) of a block weights, and rescales what was summed before if they hold a
// new maximum. `state` is the largest score and the sum of weights.
SIMD void fold(float *scores, size_t first, size_t end, float *y, size_t dimension, float *state) {
  if (end - first < APUS_KV_BLOCK_POSITIONS)
    for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)
      scores[p] = p >= first && p < end ? scores[p] : -__builtin_inff();
  vf peaks = vf_splat(state[0]), sums = vf_zero();
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p += VF)
    peaks = vf_max(vf_load_f32(scores + p), peaks);
  const float peak = vf_peak(peaks);
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)
    scores[p] = exponential(scores[p] - peak);
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p += VF)
    sums = vf_add(vf_load_f32(scores + p), sums);
  if (peak != state[0]) {
    const float rescale = state[1] == 0 ? 0 : exponential(state[0] - peak);
    for (size_t i = 0; i < dimension; i++)
      y[i] *= rescale;
    state[0] = peak;
    state[1] *= rescale;
  }
  state[1] += vf_sum(sums);
}

static void LEVEL(apus_attention_merge)(const apus_attention_args *args, const float *part, float *merged) {
  const size_t dimension = args->value_dimension;
  for (size_t i = 0; i < args->tokens * args->group; i++, part += dimension + 2, merged += dimension + 2) {
    const float a = merged[dimension], b = part[dimension];
    if (part[dimension + 1] == 0)
      continue;
    const float peak = a > b ? a : b, old = exponential(a - peak), new = exponential(b - peak);
    for (size_t j = 0; j < dimension; j++)
      merged[j] = merged[j] * old + part[j] * new;
    merged[dimension] = peak;
    merged[dimension + 1] = merged[dimension + 1] * old + part[dimension + 1] * new;
  }
}

// A sink is one score more, without a value.
SIMD void finish_query(const float *merged, size_t dimension, const float *sink, float *y) {
  const float peak = merged[dimension], sum = merged[dimension + 1];
  if (!sink) {
    for (size_t i = 0; i < dimension; i++)
      y[i] = merged[i] / sum;
    return;
  }
  const float top = *sink > peak ? *sink : peak, factor = exponential(peak - top);
  const float total = sum * factor + exponential(*sink - top);
  for (size_t i = 0; i < dimension; i++)
    y[i] = merged[i] * factor / total;
}

static void LEVEL(apus_attention_finish)(const apus_attention_args *args, size_t kv_head, const float *merged) {
  const size_t dimension = args->value_dimension;
  for (size_t t = 0; t < args->tokens; t++)
    for (size_t j = 0; j < args->group; j++, merged += dimension + 2) {
      const size_t head = kv_head * args->group + j;
      float *y = args->y + t * args->y_stride + head * dimension;
      finish_query(merged, dimension, args->sinks ? args->sinks + head : 0, y);
    }
}
