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
  size_t first; // its first position
  stored_block stored;
  stored_block next;
  const float *key_floats;
  const float *value_floats;
} kv_block;

// How the values that a loop reads lie in memory.
enum { FLOATS, HALVES, CODES };

#include "attention_scores.h"
#include "attention_values.h"
#include "attention_softmax.h"

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

// The position after those that a token at `position` looks at.
SIMD size_t end_after(const apus_attention_args *args, size_t position) {
  const size_t stop = position + 1 + args->after;
  return stop < args->length ? stop : args->length;
}

// Positions [first, end) of a block, counted from its start, that token t looks at.
SIMD void visible(const apus_attention_args *args, size_t t, size_t block, size_t *first, size_t *end) {
  const size_t start = block * APUS_KV_BLOCK_POSITIONS, position = args->position + t;
  const size_t begin = position > args->before ? position - args->before : 0, stop = end_after(args, position);
  *first = begin > start ? begin - start : 0;
  *end = stop > start ? stop - start : 0;
  if (*end > APUS_KV_BLOCK_POSITIONS)
    *end = APUS_KV_BLOCK_POSITIONS;
}

// Bytes of one head's key or value.
SIMD size_t head_bytes(size_t dimension, const int FORMAT) {
  if (FORMAT == APUS_KV_Q8_0)
    return dimension / 32 * sizeof(apus_q8_0);
  return dimension * (FORMAT == APUS_KV_F32 ? sizeof(float) : sizeof(apus_f16));
}

// Where a block of one kv head lies.
SIMD stored_block block_at(const apus_attention_args *args, size_t kv_head, size_t block, const int FORMAT) {
  const size_t at = (size_t)args->block_table[block], row = kv_head * APUS_KV_BLOCK_POSITIONS;
  const size_t key_bytes = head_bytes(args->key_dimension, FORMAT);
  const size_t value_bytes = head_bytes(args->value_dimension, FORMAT);
  return (stored_block){(const char *)args->keys + at * args->key_block_bytes + row * key_bytes,
                        args->values_are_keys
                            ? 0
                            : (const char *)args->values + at * args->value_block_bytes + row * value_bytes};
}

// Makes a block floats in scratch for many queries, and values that are keys for any.
SIMD void block_to_floats(const apus_attention_args *args, kv_block *kv, int many, const int FORMAT) {
  const int IS_Q8 = FORMAT == APUS_KV_Q8_0;
  float *floats = args->scratch, *value_floats = floats + APUS_KV_BLOCK_POSITIONS * args->key_dimension;
  if (FORMAT == APUS_KV_F32) {
    kv->key_floats = (const float *)kv->stored.keys;
    kv->value_floats = (const float *)kv->stored.values;
    if (!args->values_are_keys)
      return;
  } else if (many && !IS_Q8) {
    halves_to_float(kv->stored.keys, kv->next.keys, args->key_dimension, floats);
    kv->key_floats = floats;
  }
  if (args->values_are_keys)
    keys_to_values(kv, args->key_dimension, args->value_dimension, value_floats, FORMAT);
  else if (IS_Q8)
    codes_to_float(kv, args->value_dimension, value_floats);
  else
    halves_to_float(kv->stored.values, kv->next.values, args->value_dimension, value_floats);
  kv->value_floats = value_floats;
}

// A block and the one after it; the last one has itself as its next.
static kv_block kv_block_at(const apus_attention_args *args, size_t kv_head, size_t block, const int FORMAT) {
  const size_t last = (end_after(args, args->position + args->tokens - 1) - 1) / APUS_KV_BLOCK_POSITIONS;
  kv_block kv = {block * APUS_KV_BLOCK_POSITIONS, block_at(args, kv_head, block, FORMAT),
                 block_at(args, kv_head, block + (block < last), FORMAT), 0, 0};
  const int many = args->tokens * args->group > (FORMAT == APUS_KV_Q8_0 ? FEW_CODES : FEW);
  if (many || args->values_are_keys || FORMAT == APUS_KV_F32)
    block_to_floats(args, &kv, many, FORMAT);
  return kv;
}

// What is done to the scores of query `index` before softmax, if anything; the block begins at position `start`.
APART void bend_query(const apus_attention_args *args, size_t kv_head, size_t index, size_t start, float *scores) {
  const float slope = args->slopes ? args->slopes[kv_head * args->group + index % args->group] : 0;
  const size_t position = args->position + index / args->group;
  bend(scores, args->soft_cap, slope, position < start ? -(float)(start - position) : (float)(position - start));
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
  if (args->soft_cap != 0 || args->slopes)
    for (size_t n = 0; n < (size_t)N; n++)
      bend_query(args, kv_head, index + n, kv->first, scores + n * APUS_KV_BLOCK_POSITIONS);
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
                         const int FORMAT) {
  const int IS_Q8 = FORMAT == APUS_KV_Q8_0;
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
    const kv_block kv = kv_block_at(args, kv_head, block, FORMAT);
    add_block(args, kv_head, block, &kv, result, IS_Q8);
  }
}

static void LEVEL(apus_attention_f16)(const apus_attention_args *args, size_t kv_head, size_t part,
                                      float *result) {
  attention_part(args, kv_head, part, result, APUS_KV_F16);
}

static void LEVEL(apus_attention_q8_0)(const apus_attention_args *args, size_t kv_head, size_t part,
                                       float *result) {
  attention_part(args, kv_head, part, result, APUS_KV_Q8_0);
}

static void LEVEL(apus_attention_f32)(const apus_attention_args *args, size_t kv_head, size_t part,
                                      float *result) {
  attention_part(args, kv_head, part, result, APUS_KV_F32);
}
