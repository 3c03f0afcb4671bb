// BF16 weights with vdpbf16ps, on CPUs where it does more than a float FMA: activations are rounded to BF16, as the
// weights are, and products are added up as floats. Subnormal operands count as zero.
//
// As in matmul_dense.h every (row, token) has a vector of sums of its own, added up after BF16_DEPTH values of k and at
// the end: a result never depends on what else is computed with it.
#include "CApusKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include "../overlays.h"
#include <immintrin.h>

#define APUS_ISA avx512bf16
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16"))), apply_to = function)
#include "level_begin.h"

#include "../formats/half.h"
#include "simd_avx512vnni.h"

enum {
  BF16_LANES = 32,
  BF16_ROWS = 4,
  BF16_TOKENS = 6,   // as many sums as leave registers for the operands
  BF16_DEPTH = 1024, // so that rounded tokens and BF16_ROWS rows stay in the first-level cache
};

// The first `count` values as BF16, then zeros.
SIMD __m512i rounded(const float *x, size_t count) {
  const __mmask32 lanes = count < BF16_LANES ? ((__mmask32)1 << count) - 1 : ~(__mmask32)0;
  const vf low = _mm512_maskz_loadu_ps((__mmask16)lanes, x);
  const vf high = _mm512_maskz_loadu_ps((__mmask16)(lanes >> VF), x + VF);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// The first `count` values, fewer than BF16_LANES, then zeros.
SIMD __m512i first_values(const uint16_t *w, size_t count) {
  return _mm512_maskz_loadu_epi16(((__mmask32)1 << count) - 1, w);
}

// Adds the products of pairs of neighbours to a lane's sum.
SIMD vf vf_dot_pairs(vf sum, __m512i a, __m512i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

// R rows of weights, `stride` values apart, and T tokens, BF16_DEPTH values apart: adds up `depth` values, onto y where
// `more` says that there are sums. Asks for as many weights at `next` meanwhile, unless it is null.
SIMD void bf16_tile(const uint16_t *w, size_t stride, const uint16_t *next, const uint16_t *x, size_t depth,
                    const int R, const int T, int more, float *y, size_t y_stride) {
  vf sums[BF16_TOKENS][BF16_ROWS];
  UNROLL for (int t = 0; t < T; t++) UNROLL for (int r = 0; r < BF16_ROWS; r++) sums[t][r] = vf_zero();
  size_t i = 0;
  for (; i + BF16_LANES <= depth; i += BF16_LANES) {
    UNROLL for (int r = 0; r < R; r++) {
      if (next)
        __builtin_prefetch(next + (size_t)r * stride + i, 0, 2);
      const __m512i weights = _mm512_loadu_si512(w + (size_t)r * stride + i);
      UNROLL for (int t = 0; t < T; t++) sums[t][r] =
          vf_dot_pairs(sums[t][r], weights, _mm512_loadu_si512(x + t * BF16_DEPTH + i));
    }
  }
  if (i < depth) {
    UNROLL for (int r = 0; r < R; r++) {
      const __m512i weights = first_values(w + (size_t)r * stride + i, depth - i);
      UNROLL for (int t = 0; t < T; t++) sums[t][r] =
          vf_dot_pairs(sums[t][r], weights, _mm512_loadu_si512(x + t * BF16_DEPTH + i));
    }
  }
  UNROLL for (int t = 0; t < T; t++) {
    float *to = y + (size_t)t * y_stride;
    four added = vf_sum_four(sums[t]), before = {0};
    if (more)
      memcpy(&before, to, R * sizeof(float));
    added += before;
    memcpy(to, &added, R * sizeof(float));
  }
}

// `depth` values of all rows from i on with T tokens from `first` on. The first tokens ask for the rows that follow.
SIMD void bf16_rows(const apus_matmul_args *args, size_t begin, size_t end, size_t i, size_t depth, size_t first,
                    const int T) {
  _Alignas(64) uint16_t x[BF16_TOKENS * BF16_DEPTH];
  for (size_t t = 0; t < T; t++)
    for (size_t j = 0; j < depth; j += BF16_LANES)
      _mm512_store_si512(x + t * BF16_DEPTH + j, rounded(args->x.values + (first + t) * args->k + i + j, depth - j));
  const size_t stride = args->row_bytes / sizeof(uint16_t);
  const uint16_t *w = (const uint16_t *)args->weights + i;
  float *y = args->y + first * args->y_stride;
  size_t row = begin;
  for (; row + BF16_ROWS <= end; row += BF16_ROWS)
    bf16_tile(w + row * stride, stride, first == 0 ? w + (row + BF16_ROWS) * stride : NULL, x, depth, BF16_ROWS, T,
              i > 0, y + row, args->y_stride);
  for (; row < end; row++)
    bf16_tile(w + row * stride, stride, NULL, x, depth, 1, T, i > 0, y + row, args->y_stride);
}

static void LEVEL(apus_matmul_bf16)(const apus_matmul_args *args, size_t begin, size_t end) {
  for (size_t i = 0; i < args->k; i += BF16_DEPTH) {
    const size_t depth = args->k - i < BF16_DEPTH ? args->k - i : BF16_DEPTH;
    size_t t = 0;
    for (; t + BF16_TOKENS <= args->n; t += BF16_TOKENS)
      bf16_rows(args, begin, end, i, depth, t, BF16_TOKENS);
    for (; t + 2 <= args->n; t += 2)
      bf16_rows(args, begin, end, i, depth, t, 2);
    if (t < args->n)
      bf16_rows(args, begin, end, i, depth, t, 1);
  }
}

void LEVEL(apus_overlay)(apus_kernels *kernels) { kernels->matmul[APUS_BF16] = LEVEL(apus_matmul_bf16); }
#pragma clang attribute pop
#endif
