// Values of one KV block: added to the sums of queries, weighted; or made floats for many queries.

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

// Value i of the keys of VF positions from p on, which are codes.
SIMD vf key_codes_at(const kv_block *kv, size_t key_dimension, size_t i, size_t p) {
  const int8_t *codes = (const int8_t *)kv->stored.keys + (i / 4 * APUS_KV_BLOCK_POSITIONS + p) * 4 + i % 4;
  const char *scales = kv->stored.keys + key_dimension * APUS_KV_BLOCK_POSITIONS;
  int8_t own[VF];
  for (size_t l = 0; l < VF; l++)
    own[l] = codes[4 * l];
  return vf_mul(vf_load_i8(own), vf_load_f16(scales + (i / 32 * APUS_KV_BLOCK_POSITIONS + p) * 2));
}

// Value i of the keys of VF positions from p on.
SIMD vf key_at(const kv_block *kv, size_t key_dimension, size_t i, size_t p, const int FORMAT) {
  const size_t at = i * APUS_KV_BLOCK_POSITIONS + p;
  if (FORMAT == APUS_KV_Q8_0)
    return key_codes_at(kv, key_dimension, i, p);
  return FORMAT == APUS_KV_F32 ? vf_load_f32((const float *)kv->stored.keys + at) : vf_load_f16(kv->stored.keys + 2 * at);
}

// The first `dimension` values of a block's keys, whose positions lie side by side, as floats of one position after the
// other. TILE of them at a time, so that whole cache lines are written.
SIMD void keys_to_values(const kv_block *kv, size_t key_dimension, size_t dimension, float *floats, const int FORMAT) {
  enum { TILE = 16, POSITIONS = APUS_KV_BLOCK_POSITIONS };
  for (size_t i = 0; i < dimension; i += TILE) {
    const size_t width = dimension - i < TILE ? dimension - i : TILE;
    float tile[TILE][POSITIONS];
    for (size_t j = 0; j < width; j++)
      for (size_t p = 0; p < POSITIONS; p += VF)
        vf_store(tile[j] + p, key_at(kv, key_dimension, i + j, p, FORMAT));
    for (size_t p = 0; p < POSITIONS; p++)
      for (size_t j = 0; j < width; j++)
        floats[p * dimension + i + j] = tile[j][p];
  }
}
