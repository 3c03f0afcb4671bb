// y = x . w^T for F32, F16 and BF16 weights with float activations. As in matmul_quantized.h, each (row, column)
// has accumulators of its own, filled in the same order whatever the tile.

enum { DENSE_ROWS = 4 };

#define DENSE_MATMUL(format, bytes)                                                                                  \
  /* y[0...R-1] = x . rows of w: every row has two sums of its own; the rows share what is loaded of x. */           \
  SIMD void dots_##format(const char *w, size_t stride, const float *x, size_t k, const int R, float *y) {           \
    vf even[DENSE_ROWS], odd[DENSE_ROWS];                                                                            \
    UNROLL for (int r = 0; r < R; r++) even[r] = odd[r] = vf_zero();                                                 \
    size_t i = 0;                                                                                                    \
    for (; i + 2 * VF <= k; i += 2 * VF) {                                                                           \
      const vf first = vf_load_f32(x + i), second = vf_load_f32(x + i + VF);                                         \
      prefetch_next(w + (size_t)R * stride, i / (2 * VF), (size_t)R * 2 * VF * bytes);                               \
      UNROLL for (int r = 0; r < R; r++) {                                                                           \
        const char *row = w + (size_t)r * stride + i * bytes;                                                        \
        even[r] = vf_fma(vf_load_##format(row), first, even[r]);                                                     \
        odd[r] = vf_fma(vf_load_##format(row + VF * bytes), second, odd[r]);                                         \
      }                                                                                                              \
    }                                                                                                                \
    for (; i < k; i += VF) {                                                                                         \
      const size_t count = k - i < VF ? k - i : VF;                                                                  \
      float tail_x[VF] = {0};                                                                                        \
      char tail_w[VF * bytes] = {0};                                                                                 \
      memcpy(tail_x, x + i, count * sizeof(float));                                                                  \
      UNROLL for (int r = 0; r < R; r++) {                                                                           \
        memcpy(tail_w, w + (size_t)r * stride + i * bytes, count * bytes);                                           \
        even[r] = vf_fma(vf_load_##format(tail_w), vf_load_f32(tail_x), even[r]);                                    \
      }                                                                                                              \
    }                                                                                                                \
    UNROLL for (int r = 0; r < R; r++) y[r] = vf_sum(vf_add(even[r], odd[r]));                                       \
  }                                                                                                                  \
  static void LEVEL(apus_matmul_##format)(const apus_matmul_args *args, size_t begin, size_t end) {                  \
    for (size_t column = 0; column < args->n; column++) {                                                            \
      const float *x = args->x.values + column * args->k;                                                            \
      float *y = args->y + column * args->y_stride;                                                                  \
      const char *w = args->weights;                                                                                 \
      size_t row = begin;                                                                                            \
      for (; row + DENSE_ROWS <= end; row += DENSE_ROWS)                                                             \
        dots_##format(w + row * args->row_bytes, args->row_bytes, x, args->k, DENSE_ROWS, y + row);                  \
      for (; row < end; row++)                                                                                       \
        dots_##format(w + row * args->row_bytes, args->row_bytes, x, args->k, 1, y + row);                           \
    }                                                                                                                \
  }

DENSE_MATMUL(f32, 4)
DENSE_MATMUL(f16, 2)
DENSE_MATMUL(bf16, 2)
#undef DENSE_MATMUL

// Dense rows to floats, for the tiles that go through sgemm.
#define DENSE_DECODE(format, bytes)                                                                                  \
  static void LEVEL(apus_decode_##format)(const void *source, float *values, size_t count) {                         \
    const char *w = source;                                                                                          \
    size_t i = 0;                                                                                                    \
    for (; i + VF <= count; i += VF)                                                                                 \
      vf_store(values + i, vf_load_##format(w + i * bytes));                                                         \
    if (i < count) {                                                                                                 \
      char tail[VF * bytes] = {0};                                                                                   \
      float decoded[VF];                                                                                             \
      memcpy(tail, w + i * bytes, (count - i) * bytes);                                                              \
      vf_store(decoded, vf_load_##format(tail));                                                                     \
      memcpy(values + i, decoded, (count - i) * sizeof(float));                                                      \
    }                                                                                                                \
  }

DENSE_DECODE(f16, 2)
DENSE_DECODE(bf16, 2)
#undef DENSE_DECODE
