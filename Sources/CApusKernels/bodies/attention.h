// Attention of a run of tokens over one part of their positions, for the query heads that share one kv head.
//
// KV blocks are walked in order; with each query the scores of a block's 32 positions are computed, a lane for each,
// and folded into a running maximum, sum and weighted value (online softmax: Milakov and Gimelshein,
// arXiv:1805.02867). Blocks and parts are fixed positions, and a query's sums do not depend on the queries beside it,
// so a result is the same however a prompt was cut.

enum {
  SPANS = APUS_KV_BLOCK_POSITIONS / VF, // vectors for the positions of a block
  CHAINS = 8 / SPANS,                   // sums side by side, to hide the latency of an addition
  TOGETHER = VF > 8 ? 2 : 1,            // queries that share loads of keys and values, as far as registers go
};

// ---- keys: 32 scores at once

// One KV block of one kv head, as it is stored or, for several queries, as floats in the same order.
typedef struct {
  const char *keys;
  const char *values;
  const float *key_floats;
  const float *value_floats;
} kv_block;

SIMD vf load_key(const char *halves, const float *floats, size_t at) {
  return floats ? vf_load_f32(floats + at) : vf_load_f16(halves + 2 * at);
}

// Adds the products of dimension i.
SIMD void add_key(const char *halves, const float *floats, size_t i, const float *const *q, const int N, vf *sums) {
  vf keys[SPANS];
  UNROLL for (int l = 0; l < SPANS; l++) keys[l] =
      load_key(halves, floats, i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF);
  UNROLL for (int n = 0; n < N; n++) {
    const vf x = vf_splat(q[n][i]);
    UNROLL for (int l = 0; l < SPANS; l++) sums[n * SPANS + l] = vf_fma(keys[l], x, sums[n * SPANS + l]);
  }
}

// Scores of N queries, [N][SPANS].
SIMD void scores_float(const char *halves, const float *floats, const float *const *q, size_t dimension, const int N,
                       vf *scores) {
  vf sums[CHAINS][TOGETHER * SPANS];
  UNROLL for (int c = 0; c < CHAINS; c++) UNROLL for (int i = 0; i < N * SPANS; i++) sums[c][i] = vf_zero();
  size_t i = 0;
  for (; i + CHAINS <= dimension; i += CHAINS)
    UNROLL for (int c = 0; c < CHAINS; c++) add_key(halves, floats, i + (size_t)c, q, N, sums[c]);
  for (; i < dimension; i++)
    add_key(halves, floats, i, q, N, sums[0]);
  UNROLL for (int i = 0; i < N * SPANS; i++) {
    scores[i] = sums[0][i];
    UNROLL for (int c = 1; c < CHAINS; c++) scores[i] = vf_add(scores[i], sums[c][i]);
  }
}

// The keys of VF positions are to a query, rounded to int8, what the weights of VF rows are to a token: 32 dimensions
// at a time.
SIMD void scores_q8_0(const char *keys, block_of_a q, size_t dimension, vf *scores) {
  const char *halves = keys + dimension * APUS_KV_BLOCK_POSITIONS;
  UNROLL for (int l = 0; l < SPANS; l++) {
    vf sum = vf_zero();
    for (size_t i = 0; i < dimension / 32; i++) {
      vq codes[8], operands[VQ_OPERANDS];
      UNROLL for (int j = 0; j < 8; j++) codes[j] =
          vq_add(vq_load(keys + ((i * 8 + (size_t)j) * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF) * 4), SIGNED_ABOVE);
      vq_operands(codes, 8, operands);
      const scales scale = {.scale[0] = vf_load_f16(halves + (i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF) * 2)};
      block_of_a own = block_at_token(q, i);
      int32_t start;
      blocks_starts(own.offsets, own.sums16, 1, 8, NOTHING, &start);
      own.starts = &start;
      blocks_accumulate(operands, &scale, 0, own, 8, NOTHING, 1, 1, &sum);
    }
    scores[l] = sum;
  }
}

// ---- values

// y += sum of weights[p] * v[p] for W vectors of y from `at` on and N queries, whose weights are a block's positions
// and whose y `width` values apart; rows of v are `stride` values apart.
SIMD void add_values(const float *floats, const char *halves, size_t stride, const float *weights, size_t first,
                     size_t end, float *y, size_t width, size_t at, const int N, const int W) {
  vf sums[TOGETHER][8];
  UNROLL for (int n = 0; n < N; n++)
    UNROLL for (int w = 0; w < W; w++) sums[n][w] = vf_load_f32(y + (size_t)n * width + at + (size_t)w * VF);
  for (size_t p = first; p < end; p++) {
    UNROLL for (int w = 0; w < W; w++) {
      const size_t i = p * stride + at + (size_t)w * VF;
      const vf value = floats ? vf_load_f32(floats + i) : vf_load_f16(halves + 2 * i);
      UNROLL for (int n = 0; n < N; n++)
        sums[n][w] = vf_fma(value, vf_splat(weights[(size_t)n * APUS_KV_BLOCK_POSITIONS + p]), sums[n][w]);
    }
  }
  UNROLL for (int n = 0; n < N; n++)
    UNROLL for (int w = 0; w < W; w++) vf_store(y + (size_t)n * width + at + (size_t)w * VF, sums[n][w]);
}

SIMD void values_float(const float *floats, const char *halves, const float *weights, size_t first, size_t end,
                       float *y, size_t width, size_t dimension, const int N) {
  size_t i = 0;
  for (; i + 8 * VF <= dimension; i += 8 * VF)
    add_values(floats, halves, dimension, weights, first, end, y, width, i, N, 8);
  for (; i + 4 * VF <= dimension; i += 4 * VF)
    add_values(floats, halves, dimension, weights, first, end, y, width, i, N, 4);
  for (; i + VF <= dimension; i += VF)
    add_values(floats, halves, dimension, weights, first, end, y, width, i, N, 1);
  for (; i < dimension; i++)
    for (size_t n = 0; n < (size_t)N; n++)
      for (size_t p = first; p < end; p++) {
        const size_t at = p * dimension + i;
        const float value = floats ? floats[at] : f16_scalar((const apus_f16 *)halves + at);
        y[n * width + i] = __builtin_fmaf(value, weights[n * APUS_KV_BLOCK_POSITIONS + p], y[n * width + i]);
      }
}

static void halves_to_float(const char *v, size_t dimension, float *floats) {
  const size_t count = APUS_KV_BLOCK_POSITIONS * dimension;
  for (size_t i = 0; i < count; i += VF) // 32 positions: whole vectors
    vf_store(floats + i, vf_load_f16(v + 2 * i));
}

static void q8_0_to_float(const char *v, size_t dimension, float *floats) {
  const apus_q8_0 *b = (const apus_q8_0 *)v;
  for (size_t i = 0; i < APUS_KV_BLOCK_POSITIONS * dimension / 32; i++) {
    const vf scale = vf_splat(f16_scalar(&b[i].d));
    UNROLL for (int j = 0; j < 32; j += VF)
      vf_store(floats + 32 * i + (size_t)j, vf_mul(vf_load_i8(b[i].codes + j), scale));
  }
}

// ---- softmax

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

static void LEVEL(apus_attention_finish)(const apus_attention_args *args, size_t kv_head, const float *merged) {
  const size_t dimension = args->value_dimension;
  for (size_t t = 0; t < args->tokens; t++)
    for (size_t j = 0; j < args->group; j++, merged += dimension + 2) {
      float *y = args->y + t * args->y_stride + (kv_head * args->group + j) * dimension;
      for (size_t i = 0; i < dimension; i++)
        y[i] = merged[i] / merged[dimension + 1];
    }
}

// ---- one part

// The queries of one kv head rounded to int8, [token][head of the group], behind the block of floats in scratch.
SIMD block_of_a query_at(const apus_attention_args *args, size_t index) {
  const size_t d = args->key_dimension, blocks = d / 32, count = args->tokens * args->group;
  const float *all = (const float *)args->scratch + APUS_KV_BLOCK_POSITIONS * (d + args->value_dimension);
  const float *own = all + index * blocks * 4;
  return (block_of_a){(const int8_t *)(all + count * blocks * 4) + index * d, own, own + blocks,
                      (const int16_t *)(own + 2 * blocks), (const int32_t *)(own + 3 * blocks),
                      (const int32_t *)(own + 3 * blocks)};
}

SIMD const float *query_row(const apus_attention_args *args, size_t kv_head, size_t index) {
  const size_t head = kv_head * args->group + index % args->group;
  return args->q + index / args->group * args->q_stride + head * args->key_dimension;
}

static void round_queries(const apus_attention_args *args, size_t kv_head) {
  for (size_t i = 0; i < args->tokens * args->group; i++) {
    const block_of_a q = query_at(args, i);
    LEVEL(apus_quantize)(query_row(args, kv_head, i), args->key_dimension, 1, 1, (int8_t *)q.codes,
                         (float *)q.scales, (int16_t *)q.sums16, (float *)q.sums32, (int32_t *)q.offsets);
  }
}

// Positions [first, end) of a block, counted from its start, that token t looks at.
SIMD void visible(const apus_attention_args *args, size_t t, size_t block, size_t *first, size_t *end) {
  const size_t start = block * APUS_KV_BLOCK_POSITIONS, stop = args->position + t + 1;
  const size_t begin = args->window > 0 && args->window < stop ? stop - args->window : 0;
  *first = begin > start ? begin - start : 0;
  *end = stop > start ? stop - start : 0;
  if (*end > APUS_KV_BLOCK_POSITIONS)
    *end = APUS_KV_BLOCK_POSITIONS;
}

// Where a block of one kv head lies, whose positions have `key_bytes` of keys and `value_bytes` of values.
SIMD kv_block block_at(const apus_attention_args *args, size_t kv_head, size_t block, size_t key_bytes,
                       size_t value_bytes) {
  const size_t at = (size_t)args->block_table[block], row = kv_head * APUS_KV_BLOCK_POSITIONS;
  return (kv_block){(const char *)args->keys + at * args->key_block_bytes + row * key_bytes,
                    (const char *)args->values + at * args->value_block_bytes + row * value_bytes, 0, 0};
}

static kv_block block_f16(const apus_attention_args *args, size_t kv_head, size_t block, int as_floats) {
  kv_block kv = block_at(args, kv_head, block, args->key_dimension * 2, args->value_dimension * 2);
  float *floats = args->scratch;
  if (as_floats) {
    halves_to_float(kv.keys, args->key_dimension, floats);
    kv.key_floats = floats;
    floats += APUS_KV_BLOCK_POSITIONS * args->key_dimension;
    halves_to_float(kv.values, args->value_dimension, floats);
    kv.value_floats = floats;
  }
  return kv;
}

static kv_block block_q8_0(const apus_attention_args *args, size_t kv_head, size_t block) {
  kv_block kv = block_at(args, kv_head, block, args->key_dimension / 32 * sizeof(apus_q8_0),
                         args->value_dimension / 32 * sizeof(apus_q8_0));
  float *floats = (float *)args->scratch + APUS_KV_BLOCK_POSITIONS * args->key_dimension;
  q8_0_to_float(kv.values, args->value_dimension, floats);
  kv.value_floats = floats;
  return kv;
}

// Positions [first, end) of one block, and N queries from `index` on that look at all of them: adds to what the
// queries have summed at `result`.
SIMD void queries_block(const apus_attention_args *args, size_t kv_head, size_t index, size_t first, size_t end,
                        const kv_block *kv, float *result, const int N, const int IS_Q8) {
  const size_t width = args->value_dimension + 2;
  vf lanes[TOGETHER * SPANS];
  float scores[TOGETHER * APUS_KV_BLOCK_POSITIONS], *y = result + index * width;
  const float *q[TOGETHER];
  UNROLL for (int n = 0; n < N; n++) q[n] = query_row(args, kv_head, index + (size_t)n);
  if (IS_Q8)
    UNROLL for (int n = 0; n < N; n++)
      scores_q8_0(kv->keys, query_at(args, index + (size_t)n), args->key_dimension, lanes + n * SPANS);
  else if (kv->key_floats)
    scores_float(0, kv->key_floats, q, args->key_dimension, N, lanes);
  else
    scores_float(kv->keys, 0, q, args->key_dimension, N, lanes);
  UNROLL for (int i = 0; i < N * SPANS; i++) vf_store(scores + i * VF, vf_mul(lanes[i], vf_splat(args->scale)));
  UNROLL for (int n = 0; n < N; n++) {
    float *sums = y + (size_t)n * width;
    fold(scores + n * APUS_KV_BLOCK_POSITIONS, first, end, sums, args->value_dimension, sums + args->value_dimension);
  }
  if (kv->value_floats)
    values_float(kv->value_floats, 0, scores, first, end, y, width, args->value_dimension, N);
  else
    values_float(0, kv->values, scores, first, end, y, width, args->value_dimension, N);
}

// Adds one block to what all queries have summed. Those that look at the same positions go together.
SIMD void add_block(const apus_attention_args *args, size_t kv_head, size_t block, const kv_block *kv, float *result,
                    const int IS_Q8) {
  for (size_t i = 0, next; i < args->tokens * args->group; i = next) {
    size_t first, end, also_first = 0, also_end = 0;
    visible(args, i / args->group, block, &first, &end);
    next = i + 1;
    if (first >= end)
      continue;
    if (TOGETHER > 1 && next < args->tokens * args->group)
      visible(args, next / args->group, block, &also_first, &also_end);
    if (also_first == first && also_end == end) {
      queries_block(args, kv_head, i, first, end, kv, result, TOGETHER, IS_Q8);
      next = i + TOGETHER;
    } else {
      queries_block(args, kv_head, i, first, end, kv, result, 1, IS_Q8);
    }
  }
}

SIMD void attention_part(const apus_attention_args *args, size_t kv_head, size_t part, float *result,
                         const int IS_Q8) {
  enum { BLOCKS = APUS_ATTENTION_PART_POSITIONS / APUS_KV_BLOCK_POSITIONS };
  const size_t queries = args->tokens * args->group, width = args->value_dimension + 2;
  for (size_t i = 0; i < queries; i++) {
    memset(result + i * width, 0, width * sizeof(float));
    result[i * width + args->value_dimension] = -__builtin_inff();
  }
  if (IS_Q8)
    round_queries(args, kv_head);
  for (size_t block = part * BLOCKS; block < (part + 1) * BLOCKS; block++) {
    size_t unused, first, end;
    visible(args, 0, block, &first, &unused);
    visible(args, args->tokens - 1, block, &unused, &end);
    if (first >= end)
      continue;
    const kv_block kv =
        IS_Q8 ? block_q8_0(args, kv_head, block) : block_f16(args, kv_head, block, queries > 1);
    add_block(args, kv_head, block, &kv, result, IS_Q8);
  }
}

static void LEVEL(apus_attention_f16)(const apus_attention_args *args, size_t kv_head, size_t part,
                                      float *result) {
  attention_part(args, kv_head, part, result, 0);
}

static void LEVEL(apus_attention_q8_0)(const apus_attention_args *args, size_t kv_head, size_t part,
                                       float *result) {
  attention_part(args, kv_head, part, result, 1);
}

// ---- storing

static void LEVEL(apus_store_key_f16)(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((apus_f16 *)block)[i * APUS_KV_BLOCK_POSITIONS + offset] = f16_from_float(x[i]);
}

static void LEVEL(apus_store_value_f16)(const float *x, size_t dimension, size_t offset, void *block) {
  apus_f16 *row = (apus_f16 *)block + offset * dimension;
  size_t i = 0;
  for (; i + VF <= dimension; i += VF)
    vf_store_f16(row + i, vf_load_f32(x + i));
  for (; i < dimension; i++)
    row[i] = f16_from_float(x[i]);
}

static void LEVEL(apus_store_key_q8_0)(const float *x, size_t dimension, size_t offset, void *block) {
  char *codes = block;
  apus_f16 *scales = (apus_f16 *)(codes + dimension * APUS_KV_BLOCK_POSITIONS);
  for (size_t i = 0; i < dimension / 32; i++) {
    int8_t rounded[32];
    scales[i * APUS_KV_BLOCK_POSITIONS + offset] = f16_from_float(round_block(x + 32 * i, rounded));
    for (size_t j = 0; j < 8; j++)
      memcpy(codes + ((i * 8 + j) * APUS_KV_BLOCK_POSITIONS + offset) * 4, rounded + 4 * j, 4);
  }
}

static void LEVEL(apus_store_value_q8_0)(const float *x, size_t dimension, size_t offset, void *block) {
  apus_q8_0 *row = (apus_q8_0 *)block + offset * (dimension / 32);
  for (size_t i = 0; i < dimension / 32; i++)
    row[i].d = f16_from_float(round_block(x + 32 * i, row[i].codes));
}
