// y = x . w^T for F32, F16 and BF16 weights with float activations. As in matmul_quantized.h, each (row, column)
// has accumulators of its own, filled in the same order whatever the tile.

#define DENSE_MATMUL(format, bytes)                                                                                  \
  SIMD float dot_##format(const char *w, const float *x, size_t k) {                                                 \
    vf even = vf_zero(), odd = vf_zero();                                                                            \
    size_t i = 0;                                                                                                    \
    for (; i + 2 * VF <= k; i += 2 * VF) {                                                                           \
      even = vf_fma(vf_load_##format(w + i * bytes), vf_load_f32(x + i), even);                                      \
      odd = vf_fma(vf_load_##format(w + (i + VF) * bytes), vf_load_f32(x + i + VF), odd);                            \
    }                                                                                                                \
    for (; i < k; i += VF) {                                                                                         \
      size_t count = k - i < VF ? k - i : VF;                                                                        \
      float tail_x[VF] = {0};                                                                                        \
      char tail_w[VF * bytes] = {0};                                                                                 \
      memcpy(tail_x, x + i, count * sizeof(float));                                                                  \
      memcpy(tail_w, w + i * bytes, count * bytes);                                                                  \
      even = vf_fma(vf_load_##format(tail_w), vf_load_f32(tail_x), even);                                            \
    }                                                                                                                \
    return vf_sum(vf_add(even, odd));                                                                                \
  }                                                                                                                  \
  static void LEVEL(apus_matmul_##format)(const apus_matmul_args *args, size_t begin, size_t end) {          \
    for (size_t row = begin; row < end; row++)                                                                       \
      for (size_t column = 0; column < args->n; column++)                                                            \
        args->y[column * args->y_stride + row] = dot_##format((const char *)args->weights + row * args->row_bytes,   \
                                                              args->x.values + column * args->k, args->k);           \
  }

DENSE_MATMUL(f32, 4)
DENSE_MATMUL(f16, 2)
DENSE_MATMUL(bf16, 2)
#undef DENSE_MATMUL

// Dense rows to floats, for the tiles that go through sgemm.
#define DENSE_DECODE(format, bytes)                                                                                  \
  static void LEVEL(apus_decode_##format)(const void *source, float *values, size_t count) {                 \
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
