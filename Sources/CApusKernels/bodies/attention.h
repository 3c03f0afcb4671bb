// Attention of one token over one kv head, for the query heads that share it.
//
// KV blocks are walked in order; within a block scores are computed, then folded into a running maximum, sum and
// weighted value (online softmax: Milakov and Gimelshein, arXiv:1805.02867). Block borders are fixed positions, so
// the result depends on the position alone, not on how a prompt was cut.

// What is kept per query head while walking the blocks.
typedef struct {
  float peak;
  float sum;
} LEVEL(running);

// `scores` holds -infinity where the block has no position for us: its weight becomes 0.
SIMD void attention_fold(LEVEL(running) * state, float *scores, float *y, size_t dimension) {
  vf peaks = vf_splat(state->peak), sums = vf_zero();
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p += VF)
    peaks = vf_max(vf_load_f32(scores + p), peaks);
  float peak = vf_peak(peaks);
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)
    scores[p] = exponential(scores[p] - peak);
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p += VF)
    sums = vf_add(vf_load_f32(scores + p), sums);
  float rescale = state->sum == 0 ? 0 : exponential(state->peak - peak);
  for (size_t i = 0; i < dimension; i++)
    y[i] *= rescale;
  *state = (LEVEL(running)){peak, state->sum * rescale + vf_sum(sums)};
}

#define ATTENTION(format, row_bytes_of, dot, accumulate)                                                             \
  static void LEVEL(apus_attention_##format)(const apus_attention_args *args, size_t kv_head) {              \
    const size_t key_bytes = row_bytes_of(args->key_dimension), value_bytes = row_bytes_of(args->value_dimension);   \
    for (size_t j = 0; j < args->group; j++) {                                                                       \
      const size_t head = kv_head * args->group + j;                                                                 \
      const float *q = args->q + head * args->key_dimension;                                                         \
      float *y = args->y + head * args->value_dimension;                                                             \
      LEVEL(running) state = {-__builtin_inff(), 0};                                                                 \
      memset(y, 0, args->value_dimension * sizeof(float));                                                           \
      size_t position = args->first;                                                                                 \
      while (position < args->end) {                                                                                 \
        const size_t block = position / APUS_KV_BLOCK_POSITIONS, start = position % APUS_KV_BLOCK_POSITIONS;         \
        const size_t left = args->end - position, room = APUS_KV_BLOCK_POSITIONS - start;                            \
        const size_t count = left < room ? left : room, offset = kv_head * APUS_KV_BLOCK_POSITIONS + start;          \
        const char *k = (const char *)args->keys + (size_t)args->block_table[block] * args->key_block_bytes +        \
                        offset * key_bytes;                                                                          \
        const char *v = (const char *)args->values + (size_t)args->block_table[block] * args->value_block_bytes +    \
                        offset * value_bytes;                                                                        \
        float scores[APUS_KV_BLOCK_POSITIONS];                                                                       \
        for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++)                                                         \
          scores[p] = -__builtin_inff();                                                                             \
        for (size_t p = 0; p < count; p++)                                                                           \
          scores[p] = args->scale * dot(k + p * key_bytes, q, args->key_dimension);                                  \
        attention_fold(&state, scores, y, args->value_dimension);                                                    \
        accumulate(v, value_bytes, scores, count, y, args->value_dimension);                                         \
        position += count;                                                                                           \
      }                                                                                                              \
      for (size_t i = 0; i < args->value_dimension; i++)                                                             \
        y[i] /= state.sum;                                                                                           \
    }                                                                                                                \
  }

#define F16_ROW_BYTES(dimension) ((dimension) * 2)
#define Q8_0_ROW_BYTES(dimension) ((dimension) / 32 * sizeof(apus_q8_0))

// y += sum of weights[p] * v[p], four vectors of y at a time to hide the latency of the sums.
SIMD void accumulate_f16(const char *v, size_t bytes, const float *weights, size_t count, float *y, size_t dimension) {
  size_t i = 0;
  for (; i + 4 * VF <= dimension; i += 4 * VF) {
    vf sum[4];
    UNROLL for (int j = 0; j < 4; j++) sum[j] = vf_load_f32(y + i + j * VF);
    for (size_t p = 0; p < count; p++)
      UNROLL for (int j = 0; j < 4; j++)
        sum[j] = vf_fma(vf_load_f16(v + p * bytes + (i + j * VF) * 2), vf_splat(weights[p]), sum[j]);
    UNROLL for (int j = 0; j < 4; j++) vf_store(y + i + j * VF, sum[j]);
  }
  for (; i < dimension; i++)
    for (size_t p = 0; p < count; p++)
      y[i] += weights[p] * f16_scalar((const apus_f16 *)(v + p * bytes) + i);
}

SIMD float dot_kv_q8_0(const char *k, const float *q, size_t dimension) {
  const apus_q8_0 *b = (const apus_q8_0 *)k;
  vf sum = vf_zero();
  for (size_t i = 0; i < dimension / 32; i++) {
    vf part = vf_zero();
    for (size_t j = 0; j < 32; j += VF)
      part = vf_fma(vf_load_i8(b[i].codes + j), vf_load_f32(q + i * 32 + j), part);
    sum = vf_fma(part, vf_splat(f16_scalar(&b[i].d)), sum);
  }
  return vf_sum(sum);
}

SIMD void accumulate_q8_0(const char *v, size_t bytes, const float *weights, size_t count, float *y,
                          size_t dimension) {
  for (size_t i = 0; i < dimension / 32; i++) {
    vf sum[32 / VF];
    UNROLL for (int j = 0; j < 32 / VF; j++) sum[j] = vf_load_f32(y + i * 32 + j * VF);
    for (size_t p = 0; p < count; p++) {
      const apus_q8_0 *b = (const apus_q8_0 *)(v + p * bytes) + i;
      vf scale = vf_splat(weights[p] * f16_scalar(&b->d));
      UNROLL for (int j = 0; j < 32 / VF; j++) sum[j] = vf_fma(vf_load_i8(b->codes + j * VF), scale, sum[j]);
    }
    UNROLL for (int j = 0; j < 32 / VF; j++) vf_store(y + i * 32 + j * VF, sum[j]);
  }
}

ATTENTION(f16, F16_ROW_BYTES, dot_f16, accumulate_f16)
ATTENTION(q8_0, Q8_0_ROW_BYTES, dot_kv_q8_0, accumulate_q8_0)
#undef ATTENTION

static void LEVEL(apus_kv_encode_f16)(const float *x, size_t count, void *destination) {
  size_t i = 0;
  for (; i + VF <= count; i += VF)
    vf_store_f16((apus_f16 *)destination + i, vf_load_f32(x + i));
  for (; i < count; i++)
    ((apus_f16 *)destination)[i] = apus_float_to_f16(x[i]);
}
