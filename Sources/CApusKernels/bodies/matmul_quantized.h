// y = x . w^T for one quantized format, named by APUS_FORMAT: included once per format.
//
// For every (row, column) there is one accumulator of eight lanes, and quant blocks are added to it in order; the
// tile of R rows and C columns only decides what shares the unpacked codes. So a result never depends on the tile.
// The integer products of four codes are exact; their sums are scaled in float, lane by lane.

#define BLOCK CAT(apus_, APUS_FORMAT)
#define OF_FORMAT(name) CAT3(name, _, APUS_FORMAT)

SIMD void OF_FORMAT(matmul_tile)(const apus_matmul_args *args, size_t row, size_t column, const int R, const int C) {
  const size_t elements = 32 * OF_FORMAT(groups), units = args->k / elements, groups = args->k / 32;
  const BLOCK *w[4];
  const int8_t *codes[4];
  const float *scales[4], *sums16[4], *sums32[4];
  f8 sum[4][4];
  UNROLL for (int r = 0; r < R; r++) w[r] = (const BLOCK *)((const char *)args->weights + (row + r) * args->row_bytes);
  UNROLL for (int c = 0; c < C; c++) {
    codes[c] = args->x.codes + (column + c) * args->k;
    scales[c] = args->x.scales + (column + c) * groups * 8;
    sums16[c] = args->x.sums16 + (column + c) * groups * 2;
    sums32[c] = args->x.sums32 + (column + c) * groups;
    UNROLL for (int r = 0; r < R; r++) sum[r][c] = f8_zero();
  }
  for (size_t i = 0; i < units; i++) {
    const size_t first = i * OF_FORMAT(groups);
    UNROLL for (int r = 0; r < R; r++) {
      // Decode waits for memory: ask for the same place in the next rows. A prefetch beyond the weights is harmless.
      if (R > 1)
        __builtin_prefetch((const char *)(w[r] + i) + R * args->row_bytes);
      unit u;
      OF_FORMAT(unpack)(w[r] + i, &u);
      UNROLL for (int g = 0; g < OF_FORMAT(groups); g++) {
        v32 q = OF_FORMAT(codes)(w[r] + i, g);
        f8 scale = OF_FORMAT(scale)(&u, g);
        UNROLL for (int c = 0; c < C; c++) {
          v32 a = v32_load(codes[c] + (first + g) * 32);
          f8 dot = OF_FORMAT(is_signed) ? f8_dot_signed(q, a) : f8_dot_unsigned(q, a);
          sum[r][c] = f8_fma(f8_mul(scale, f8_load(scales[c] + (first + g) * 8)), dot, sum[r][c]);
        }
      }
      UNROLL for (int c = 0; c < C; c++) {
        if (OF_FORMAT(mins) == MIN_PER_BLOCK)
          sum[r][c] = f8_fnma(u.min, f8_first(sums32[c] + first), sum[r][c]);
        if (OF_FORMAT(mins) == MIN_PER_32)
          sum[r][c] = f8_fnma(u.mins[0], f8_load(sums32[c] + first), sum[r][c]);
        if (OF_FORMAT(mins) == MIN_PER_16) {
          sum[r][c] = f8_fnma(u.mins[0], f8_load(sums16[c] + 2 * first), sum[r][c]);
          sum[r][c] = f8_fnma(u.mins[1], f8_load(sums16[c] + 2 * first + 8), sum[r][c]);
        }
      }
    }
  }
  UNROLL for (int c = 0; c < C; c++) {
    UNROLL for (int r = 0; r < R; r++) args->y[(column + c) * args->y_stride + row + r] = f8_sum(sum[r][c]);
  }
}

// Four rows share one token's activations in decode; four tokens share a row's unpacked codes in prefill.
static void LEVEL(OF_FORMAT(apus_matmul))(const apus_matmul_args *args, size_t begin, size_t end) {
  size_t column = 0;
  for (; column + 4 <= args->n; column += 4)
    for (size_t row = begin; row < end; row++)
      OF_FORMAT(matmul_tile)(args, row, column, 1, 4);
  for (; column < args->n; column++) {
    size_t row = begin;
    for (; row + 4 <= end; row += 4)
      OF_FORMAT(matmul_tile)(args, row, column, 4, 1);
    for (; row < end; row++)
      OF_FORMAT(matmul_tile)(args, row, column, 1, 1);
  }
}

#undef OF_FORMAT
#undef BLOCK
