// Attention of a run of tokens over one part of their positions, for the query heads that share one kv head.
//
// KV blocks are walked in order; with each query the scores of a block's 32 positions are computed, a lane for each,
// and folded into a running maximum, sum and weighted value (online softmax: Milakov and Gimelshein,
// arXiv:1805.02867). Blocks and parts are fixed positions, and a query's sums do not depend on the queries beside it,
// so a result is the same however a prompt was cut.

enum {
  SPANS = APUS_KV_BLOCK_POSITIONS / VF, // vectors for the positions of a block
  CHAINS = 8 / SPANS,                   // sums side by side, to hide the latency of an addition
  TOGETHER = VF > 8 ? 3 : 1,            // queries that share loads of keys and values, as far as registers go
  FEW = 8,                              // queries that read halves as they are stored; for more they become floats
  FEW_CODES = 2 * TOGETHER,             // the same of values as codes
};

// One KV block of one kv head as it is stored.
typedef struct {
  const char *keys;
  const char *values;
} stored_block;

// The same and, for many queries, as floats in the same order. What lies at `next` is asked for meanwhile: hardware
// prefetchers lose the way from block to block.
typedef struct {
  stored_block stored;
  stored_block next;
  const float *key_floats;
  const float *value_floats;
} kv_block;

// How the values that a loop reads lie in memory.
enum { FLOATS, HALVES, CODES };

// ---- keys: 32 scores at once

// Adds the products of dimension i.
SIMD void add_key(const kv_block *kv, const int SOURCE, size_t i, const float *const *q, const int N, vf *sums) {
  vf keys[SPANS];
  UNROLL for (int l = 0; l < SPANS; l++) {
    const size_t at = i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF;
    keys[l] = SOURCE == FLOATS ? vf_load_f32(kv->key_floats + at) : vf_load_f16(kv->stored.keys + 2 * at);
  }
  UNROLL for (int n = 0; n < N; n++) {
    const vf x = vf_splat(q[n][i]);
    UNROLL for (int l = 0; l < SPANS; l++) sums[n * SPANS + l] = vf_fma(keys[l], x, sums[n * SPANS + l]);
  }
}

// Scores of N queries, [N][SPANS].
SIMD void scores_float(const kv_block *kv, const int SOURCE, const float *const *q, size_t dimension, const int N,
                       vf *scores) {
  vf sums[CHAINS][TOGETHER * SPANS];
  UNROLL for (int c = 0; c < CHAINS; c++) UNROLL for (int i = 0; i < N * SPANS; i++) sums[c][i] = vf_zero();
  size_t i = 0;
  for (; i + CHAINS <= dimension; i += CHAINS) {
    if (SOURCE == HALVES)
      prefetch_next(kv->next.keys, i / CHAINS, CHAINS * APUS_KV_BLOCK_POSITIONS * sizeof(apus_f16));
    UNROLL for (int c = 0; c < CHAINS; c++) add_key(kv, SOURCE, i + (size_t)c, q, N, sums[c]);
  }
  for (; i < dimension; i++)
    add_key(kv, SOURCE, i, q, N, sums[0]);
  UNROLL for (int i = 0; i < N * SPANS; i++) {
    scores[i] = sums[0][i];
    UNROLL for (int c = 1; c < CHAINS; c++) scores[i] = vf_add(scores[i], sums[c][i]);
  }
}

// The keys of VF positions are to a query, rounded to int8, what the weights of VF rows are to a token: 32 dimensions
// at a time.
SIMD void scores_q8_0(const kv_block *kv, block_of_a q, size_t dimension, vf *scores) {
  enum { BYTES = 32 * APUS_KV_BLOCK_POSITIONS };
  const char *halves = kv->stored.keys + dimension * APUS_KV_BLOCK_POSITIONS;
  UNROLL for (int l = 0; l < SPANS; l++) scores[l] = vf_zero();
  for (size_t i = 0; i < dimension / 32; i++) {
    prefetch_next(kv->next.keys, i, BYTES + APUS_KV_BLOCK_POSITIONS * sizeof(apus_f16));
    block_of_a own = block_at_token(q, i);
    int32_t start;
    blocks_starts(own.offsets, own.sums16, 1, 8, NOTHING, &start);
    own.starts = &start;
    UNROLL for (int l = 0; l < SPANS; l++) {
      vq codes[8], operands[VQ_OPERANDS];
      UNROLL for (int j = 0; j < 8; j++) codes[j] = vq_add(
          vq_load(kv->stored.keys + i * BYTES + (size_t)(j * APUS_KV_BLOCK_POSITIONS + l * VF) * 4), SIGNED_ABOVE);
      vq_operands(codes, 8, operands);
      const scales scale = {.scale[0] = vf_load_f16(halves + (i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF) * 2)};
      blocks_accumulate(operands, &scale, 0, own, 8, NOTHING, 1, 1, &scores[l]);
    }
  }
}

// ---- values

// VF values of position p from dimension i on.
SIMD vf load_value(const kv_block *kv, const int SOURCE, size_t dimension, size_t p, size_t i) {
  if (SOURCE == FLOATS)
    return vf_load_f32(kv->value_floats + p * dimension + i);
  if (SOURCE == HALVES)
    return vf_load_f16(kv->stored.values + 2 * (p * dimension + i));
  const apus_q8_0 *block = (const apus_q8_0 *)kv->stored.values + (p * dimension + i) / 32;
  return vf_mul(vf_load_i8(block->codes + i % 32), vf_splat(f16_scalar(&block->d)));
}

// Asks for what lies at `next` where `count` values from there on lie here.
SIMD void prefetch_values(const kv_block *kv, const int SOURCE, size_t dimension, size_t p, size_t i, size_t count) {
  const size_t at = p * dimension + i;
  if (SOURCE == HALVES)
    prefetch_next(kv->next.values + 2 * at, 0, 2 * count);
  if (SOURCE == CODES)
    prefetch_next(kv->next.values + at / 32 * sizeof(apus_q8_0), 0, count / 32 * sizeof(apus_q8_0));
}

// What N queries have summed of the values, [N][dimension], `width` apart, and their weights of a block's positions.
typedef struct {
  float *y;
  size_t width;
  const float *weights;
  size_t first, end; // the positions to add
} value_sums;

// Adds the products of W vectors from dimension `at` on.
SIMD void add_values(const kv_block *kv, const int SOURCE, size_t dimension, value_sums s, size_t at, const int N,
                     const int W) {
  vf sums[TOGETHER][8];
  UNROLL for (int n = 0; n < N; n++)
    UNROLL for (int w = 0; w < W; w++) sums[n][w] = vf_load_f32(s.y + (size_t)n * s.width + at + (size_t)w * VF);
  for (size_t p = s.first; p < s.end; p++) {
    prefetch_values(kv, SOURCE, dimension, p, at, W * VF);
    UNROLL for (int w = 0; w < W; w++) {
      const vf value = load_value(kv, SOURCE, dimension, p, at + (size_t)w * VF);
      UNROLL for (int n = 0; n < N; n++)
        sums[n][w] = vf_fma(value, vf_splat(s.weights[(size_t)n * APUS_KV_BLOCK_POSITIONS + p]), sums[n][w]);
    }
  }
  UNROLL for (int n = 0; n < N; n++)
    UNROLL for (int w = 0; w < W; w++) vf_store(s.y + (size_t)n * s.width + at + (size_t)w * VF, sums[n][w]);
}

SIMD void values_float(const kv_block *kv, const int SOURCE, size_t dimension, value_sums s, const int N) {
  size_t i = 0;
  for (; i + 8 * VF <= dimension; i += 8 * VF)
    add_values(kv, SOURCE, dimension, s, i, N, 8);
  for (; i + 4 * VF <= dimension; i += 4 * VF)
    add_values(kv, SOURCE, dimension, s, i, N, 4);
  for (; i + VF <= dimension; i += VF)
    add_values(kv, SOURCE, dimension, s, i, N, 1);
  for (; SOURCE != CODES && i < dimension; i++) // codes come in whole quant blocks
    for (size_t n = 0; n < (size_t)N; n++)
      for (size_t p = s.first; p < s.end; p++) {
        const size_t at = p * dimension + i;
        const float value =
            SOURCE == FLOATS ? kv->value_floats[at] : f16_scalar((const apus_f16 *)kv->stored.values + at);
        float *y = s.y + n * s.width + i;
        *y = __builtin_fmaf(value, s.weights[n * APUS_KV_BLOCK_POSITIONS + p], *y);
      }
}

// A block's halves as floats, a cache line at a time.
static void halves_to_float(const char *v, const char *next, size_t dimension, float *floats) {
  enum { LINE = 32 };
  for (size_t i = 0; i < APUS_KV_BLOCK_POSITIONS * dimension; i += LINE) {
    prefetch_next(next, i / LINE, LINE * sizeof(apus_f16));
    UNROLL for (size_t j = 0; j < LINE; j += VF) vf_store(floats + i + j, vf_load_f16(v + 2 * (i + j)));
  }
}

// A block's values as floats.
static void codes_to_float(const kv_block *kv, size_t dimension, float *floats) {
  for (size_t p = 0; p < APUS_KV_BLOCK_POSITIONS; p++) {
    prefetch_values(kv, CODES, dimension, p, 0, dimension);
    for (size_t i = 0; i < dimension; i += VF)
      vf_store(floats + p * dimension + i, load_value(kv, CODES, dimension, p, i));
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

// Where a block of one kv head lies.
SIMD stored_block block_at(const apus_attention_args *args, size_t kv_head, size_t block, const int IS_Q8) {
  const size_t at = (size_t)args->block_table[block], row = kv_head * APUS_KV_BLOCK_POSITIONS;
  const size_t key_bytes = IS_Q8 ? args->key_dimension / 32 * sizeof(apus_q8_0) : args->key_dimension * 2;
  const size_t value_bytes = IS_Q8 ? args->value_dimension / 32 * sizeof(apus_q8_0) : args->value_dimension * 2;
  return (stored_block){(const char *)args->keys + at * args->key_block_bytes + row * key_bytes,
                        (const char *)args->values + at * args->value_block_bytes + row * value_bytes};
}

// A block and the one after it; the last one has itself as its next. Made floats in scratch for many queries.
static kv_block kv_block_at(const apus_attention_args *args, size_t kv_head, size_t block, const int IS_Q8) {
  const size_t last = (args->position + args->tokens - 1) / APUS_KV_BLOCK_POSITIONS;
  kv_block kv = {block_at(args, kv_head, block, IS_Q8), block_at(args, kv_head, block + (block < last), IS_Q8), 0, 0};
  if (args->tokens * args->group <= (IS_Q8 ? FEW_CODES : FEW))
    return kv;
  float *floats = args->scratch, *value_floats = floats + APUS_KV_BLOCK_POSITIONS * args->key_dimension;
  if (IS_Q8) {
    codes_to_float(&kv, args->value_dimension, value_floats);
  } else {
    halves_to_float(kv.stored.keys, kv.next.keys, args->key_dimension, floats);
    kv.key_floats = floats;
    halves_to_float(kv.stored.values, kv.next.values, args->value_dimension, value_floats);
  }
  kv.value_floats = value_floats;
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
      scores_q8_0(kv, query_at(args, index + (size_t)n), args->key_dimension, lanes + n * SPANS);
  else if (kv->key_floats)
    scores_float(kv, FLOATS, q, args->key_dimension, N, lanes);
  else
    scores_float(kv, HALVES, q, args->key_dimension, N, lanes);
  UNROLL for (int i = 0; i < N * SPANS; i++) vf_store(scores + i * VF, vf_mul(lanes[i], vf_splat(args->scale)));
  UNROLL for (int n = 0; n < N; n++) {
    float *sums = y + (size_t)n * width;
    fold(scores + n * APUS_KV_BLOCK_POSITIONS, first, end, sums, args->value_dimension, sums + args->value_dimension);
  }
  const value_sums sums = {y, width, scores, first, end};
  if (kv->value_floats)
    values_float(kv, FLOATS, args->value_dimension, sums, N);
  else
    values_float(kv, IS_Q8 ? CODES : HALVES, args->value_dimension, sums, N);
}

// How many queries from `index` on, TOGETHER at most, look at the same positions [first, end) of a block.
SIMD size_t alike(const apus_attention_args *args, size_t index, size_t block, size_t *first, size_t *end) {
  visible(args, index / args->group, block, first, end);
  size_t count = 1;
  for (; count < TOGETHER && index + count < args->tokens * args->group; count++) {
    size_t also_first, also_end;
    visible(args, (index + count) / args->group, block, &also_first, &also_end);
    if (also_first != *first || also_end != *end)
      break;
  }
  return count;
}

// Adds one block to what all queries have summed. Those that look at the same positions go together.
SIMD void add_block(const apus_attention_args *args, size_t kv_head, size_t block, const kv_block *kv, float *result,
                    const int IS_Q8) {
  for (size_t i = 0, count; i < args->tokens * args->group; i += count) {
    size_t first, end;
    count = alike(args, i, block, &first, &end);
    if (first >= end)
      continue;
    if (TOGETHER > 2 && count == 3)
      queries_block(args, kv_head, i, first, end, kv, result, 3, IS_Q8);
    else if (TOGETHER > 1 && count == 2)
      queries_block(args, kv_head, i, first, end, kv, result, 2, IS_Q8);
    else
      queries_block(args, kv_head, i, first, end, kv, result, 1, IS_Q8);
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
    const kv_block kv = kv_block_at(args, kv_head, block, IS_Q8);
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
