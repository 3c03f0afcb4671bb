// y = x . w^T for F32, F16 and BF16 weights with float activations.
//
// Every (row, token) has a vector of sums of its own, which is added up after a panel's depth of k and at the end:
// as in matmul_quantized.h a result never depends on what else is computed with it. A few tokens take the weights as
// they come from memory; more of them share a panel of weights as floats.

enum {
  DENSE_ROWS = 4,
  DENSE_TOKENS = VF > 8 ? 6 : 3, // as many sums as leave registers for the operands
  PANEL_FLOATS_MAX = 1 << 16,
};

// A panel is `rows` rows by `depth` values, and meets `tokens` tokens at once. A first-level cache of 48 KiB keeps the
// tokens of a tile and DENSE_ROWS rows, so rows pass by; one of 32 KiB keeps DENSE_ROWS rows, and tokens pass by. The
// panel stays in the second-level cache.
typedef struct {
  size_t depth, rows, tokens;
} panel_shape;
SIMD panel_shape dense_panel_shape(const apus_core *core) {
  return core->large_l1 ? (panel_shape){1024, 64, DENSE_TOKENS} : (panel_shape){128 * VF, 16, 24};
}

SIMD size_t dense_bytes(const int FORMAT) { return FORMAT == APUS_F32 ? 4 : 2; }

SIMD vf dense_load(const char *w, const int FORMAT) {
  return FORMAT == APUS_F32 ? vf_load_f32(w) : FORMAT == APUS_F16 ? vf_load_f16(w) : vf_load_bf16(w);
}

// The first `count` values, fewer than VF, then zeros.
SIMD vf dense_load_some(const char *w, size_t count, const int FORMAT) {
  char values[VF * 4] = {0};
  memcpy(values, w, count * dense_bytes(FORMAT));
  return dense_load(values, FORMAT);
}

// R rows and T tokens from one place of k on: adds up `depth` values, onto y where `more` says that there are sums.
// Asks for R * depth weights at `next` meanwhile, unless it is null.
SIMD void dense_tile(const char *w, size_t stride, const upcoming *next, const float *x, size_t k, size_t depth,
                     const int FORMAT, const int CACHE, const int R, const int T, int more, float *y,
                     size_t y_stride) {
  const size_t bytes = dense_bytes(FORMAT);
  vf sums[DENSE_TOKENS][DENSE_ROWS];
  UNROLL for (int t = 0; t < T; t++) UNROLL for (int r = 0; r < R; r++) sums[t][r] = vf_zero();
  size_t i = 0;
  for (; i + VF <= depth; i += VF) {
    if (next)
      prefetch_beside(NULL, next, i / VF, VF * R * bytes, 0, CACHE);
    vf values[DENSE_TOKENS];
    UNROLL for (int t = 0; t < T; t++) values[t] = vf_load_f32(x + (size_t)t * k + i);
    UNROLL for (int r = 0; r < R; r++) {
      const vf weights = dense_load(w + (size_t)r * stride + i * bytes, FORMAT);
      UNROLL for (int t = 0; t < T; t++) sums[t][r] = vf_fma(weights, values[t], sums[t][r]);
    }
  }
  if (i < depth) {
    UNROLL for (int r = 0; r < R; r++) {
      const vf weights = dense_load_some(w + (size_t)r * stride + i * bytes, depth - i, FORMAT);
      UNROLL for (int t = 0; t < T; t++) sums[t][r] = vf_fma(
          weights, dense_load_some((const char *)(x + (size_t)t * k + i), depth - i, APUS_F32), sums[t][r]);
    }
  }
  UNROLL for (int t = 0; t < T; t++) {
    UNROLL for (int r = R; r < DENSE_ROWS; r++) sums[t][r] = vf_zero();
    four added = vf_sum_four(sums[t]), before = {0};
    if (more)
      memcpy(&before, y + (size_t)t * y_stride, R * sizeof(float));
    added += before;
    memcpy(y + (size_t)t * y_stride, &added, R * sizeof(float));
  }
}

// `rows` rows, at most DENSE_ROWS, and any tokens, the first of which ask for what is at `next`.
SIMD void dense_rows(const char *w, size_t stride, const upcoming *next, size_t rows, const float *x, size_t tokens,
                     size_t k, size_t depth, const int FORMAT, const int CACHE, int more, float *y, size_t y_stride) {
  size_t t = 0;
  for (; t + DENSE_TOKENS <= tokens && rows == DENSE_ROWS; t += DENSE_TOKENS) {
    dense_tile(w, stride, next, x + t * k, k, depth, FORMAT, CACHE, DENSE_ROWS, DENSE_TOKENS, more, y + t * y_stride,
               y_stride);
    next = NULL;
  }
  for (; DENSE_TOKENS > 4 && t + 4 <= tokens && rows == DENSE_ROWS; t += 4) {
    dense_tile(w, stride, next, x + t * k, k, depth, FORMAT, CACHE, DENSE_ROWS, 4, more, y + t * y_stride, y_stride);
    next = NULL;
  }
  for (; t + 2 <= tokens && rows == DENSE_ROWS; t += 2) {
    dense_tile(w, stride, next, x + t * k, k, depth, FORMAT, CACHE, DENSE_ROWS, 2, more, y + t * y_stride, y_stride);
    next = NULL;
  }
  for (; t < tokens; t++) {
    float *to = y + t * y_stride;
    if (rows == DENSE_ROWS)
      dense_tile(w, stride, next, x + t * k, k, depth, FORMAT, CACHE, DENSE_ROWS, 1, more, to, y_stride);
    else
      for (size_t r = 0; r < rows; r++)
        dense_tile(w + r * stride, stride, NULL, x + t * k, k, depth, FORMAT, CACHE, 1, 1, more, to + r, y_stride);
    next = NULL;
  }
}

SIMD size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Weights straight from memory, and the next rows on their way.
SIMD void dense_few(const apus_matmul_args *args, size_t begin, size_t end, const int FORMAT, const int CACHE) {
  const size_t depth = dense_panel_shape(&args->core).depth;
  for (size_t row = begin; row < end; row += DENSE_ROWS)
    for (size_t i = 0; i < args->k; i += depth) {
      const char *w = (const char *)args->weights + row * args->row_bytes + i * dense_bytes(FORMAT);
      const size_t values = least(depth, args->k - i), bytes = dense_bytes(FORMAT);
      const upcoming next = upcoming_rows(w + DENSE_ROWS * args->row_bytes + (DENSE_ROWS - 1) * i * bytes,
                                          DENSE_ROWS * values * bytes, &args->core);
      dense_rows(w, args->row_bytes, &next, least(DENSE_ROWS, end - row), args->x.values + i, args->n, args->k, values,
                 FORMAT, CACHE, i > 0, args->y + row, args->y_stride);
    }
}

// `count` weights of a row as floats. Asks for those `ahead` weights on.
SIMD void dense_decode(const char *w, size_t count, const int FORMAT, size_t ahead, float *values) {
  size_t i = 0;
  for (; i + VF <= count; i += VF) {
    __builtin_prefetch(w + (i + ahead) * dense_bytes(FORMAT), 0, 2);
    vf_store(values + i, dense_load(w + i * dense_bytes(FORMAT), FORMAT));
  }
  float last[VF];
  vf_store(last, dense_load_some(w + i * dense_bytes(FORMAT), count - i, FORMAT));
  memcpy(values + i, last, (count - i) * sizeof(float));
}

// All tokens, a few at a time, with a panel of `rows` rows from place i of k on.
static void LEVEL(dense_panel)(const float *panel, size_t rows, panel_shape shape, const apus_matmul_args *args,
                               size_t i, float *y) {
  const size_t depth = least(shape.depth, args->k - i), stride = shape.depth * sizeof(float);
  for (size_t t = 0; t < args->n; t += shape.tokens)
    for (size_t r = 0; r < rows; r += DENSE_ROWS)
      dense_rows((const char *)panel + r * stride, stride, NULL, least(DENSE_ROWS, rows - r),
                 args->x.values + t * args->k + i, least(shape.tokens, args->n - t), args->k, depth, APUS_F32, FAR,
                 i > 0, y + t * args->y_stride + r, args->y_stride);
}

SIMD void dense_many(const apus_matmul_args *args, size_t begin, size_t end, const int FORMAT) {
  float panel[PANEL_FLOATS_MAX];
  const panel_shape shape = dense_panel_shape(&args->core);
  for (size_t row = begin; row < end; row += shape.rows)
    for (size_t i = 0; i < args->k; i += shape.depth) {
      const char *w = (const char *)args->weights + row * args->row_bytes + i * dense_bytes(FORMAT);
      const size_t rows = least(shape.rows, end - row);
      for (size_t r = 0; r < rows; r++)
        dense_decode(w + r * args->row_bytes, least(shape.depth, args->k - i), FORMAT, shape.depth,
                     panel + r * shape.depth);
      LEVEL(dense_panel)(panel, rows, shape, args, i, args->y + row);
    }
}

SIMD void dense_matmul(const apus_matmul_args *args, size_t begin, size_t end, const int FORMAT) {
  if (args->n > DENSE_TOKENS)
    dense_many(args, begin, end, FORMAT);
  else if (args->core.prefetch == APUS_PREFETCH_NEAR)
    dense_few(args, begin, end, FORMAT, NEAR);
  else
    dense_few(args, begin, end, FORMAT, FAR);
}

#define DENSE(name, format)                                                                                          \
  static void LEVEL(apus_matmul_##name)(const apus_matmul_args *args, size_t begin, size_t end) {                    \
    dense_matmul(args, begin, end, format);                                                                          \
  }                                                                                                                  \
  static void LEVEL(apus_decode_##name)(const void *source, float *values, size_t count) {                           \
    dense_decode(source, count, format, 128 * VF, values);                                                           \
  }
DENSE(f32, APUS_F32)
DENSE(f16, APUS_F16)
DENSE(bf16, APUS_BF16)
#undef DENSE
