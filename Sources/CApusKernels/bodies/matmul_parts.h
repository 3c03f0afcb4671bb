// What the matmuls of all quantized formats share.

// What VF rows' quant blocks leave when they are unpacked: codes as [group][8], where vector j holds codes
// 4j...4j+3 of every row; scales and mins per block of 32 or 16.
typedef struct {
  vq codes[64];
  vf scales[16];
  vf mins[16];
} unit;

// 16 bytes of every row as 32 codes: the low nibbles, then the high ones.
SIMD void vq_nibbles(const uint8_t *p, size_t stride, vq *codes) {
  vq bytes[4];
  vq_bytes(p, stride, bytes);
  UNROLL for (int j = 0; j < 4; j++) {
    codes[j] = vq_and(bytes[j], 15);
    codes[4 + j] = vq_and(vq_shr(bytes[j], 4), 15);
  }
}

// acc[v * acc_stride + t] += the 32 codes . 32 activations, for V vectors of rows and T tokens. `codes` has
// VQ_OPERANDS vectors for every v; scales and mins of the next v lie `unit_stride` vectors on.
SIMD void accumulate(const vq *codes, const vf *scale, const vf *min, size_t unit_stride, const int8_t *a,
                     const float *scales, const float *sums, const int BITS, const int HALVES, const int MINS,
                     const int V, const int T, vf *acc, size_t acc_stride) {
  vi low[VECTORS_MAX * TOKENS], high[VECTORS_MAX * TOKENS];
  vq_dot(codes, a, BITS, HALVES, V, T, low, high);
  UNROLL for (int t = 0; t < T; t++) {
    const vf d = vf_splat(scales[t]);
    UNROLL for (int v = 0; v < V; v++) {
      const int i = v * T + t;
      const vf *s = scale + (size_t)v * unit_stride, *m = min + (size_t)v * unit_stride;
      vf *sum = acc + (size_t)v * acc_stride + t;
      if (HALVES) {
        const vf both = vf_fma(vf_from_vi(high[i]), s[1], vf_mul(vf_from_vi(low[i]), s[0]));
        vf total = vf_fma(both, d, *sum);
        if (MINS) {
          total = vf_fnma(m[0], vf_splat(sums[2 * t]), total);
          total = vf_fnma(m[1], vf_splat(sums[2 * t + 1]), total);
        }
        *sum = total;
      } else {
        const vf total = vf_fma(vf_from_vi(low[i]), vf_mul(s[0], d), *sum);
        *sum = MINS ? vf_fnma(m[0], vf_splat(sums[t]), total) : total;
      }
    }
  }
}

// Decode waits for memory: asks for bytes of the rows that come next, in the order of their addresses, as many as
// step i uses. Beyond the weights a prefetch is harmless.
SIMD void prefetch_next(const uint8_t *next, size_t i, size_t bytes) {
  for (size_t line = 0; line < bytes; line += 64)
    __builtin_prefetch(next + i * bytes + line, 0, 2);
}

// The activations from token `first` on, the first of a chunk.
SIMD apus_activations chunk_at(const apus_activations *x, size_t first, size_t k) {
  return (apus_activations){x->values, x->codes + first * k, x->scales + first * (k / 32),
                            x->sums16 + first * (k / 16), x->sums32 + first * (k / 32)};
}

// VF rows that are computed together, of which lanes [lane, lane + count) are wanted.
typedef struct {
  const uint8_t *weights;
  size_t stride;
  size_t lane;
  size_t count;
} row_group;

// The group that begins with `row`. Where fewer than VF rows are left it reaches back to rows before; a matrix
// of fewer rows than VF has all lanes on one row.
SIMD row_group row_group_at(const apus_matmul_args *args, size_t row, size_t end) {
  const uint8_t *weights = (const uint8_t *)args->weights + row * args->row_bytes;
  if (end - row >= VF)
    return (row_group){weights, args->row_bytes, 0, VF};
  if (end >= VF)
    return (row_group){weights - (VF - (end - row)) * args->row_bytes, args->row_bytes, VF - (end - row), end - row};
  return (row_group){weights, 0, 0, 1};
}

SIMD void store_group(const apus_matmul_args *args, const row_group *group, size_t row, size_t first, size_t width,
                      const vf *acc) {
  for (size_t t = 0; t < width; t++) {
    float *y = args->y + (first + t) * args->y_stride + row;
    if (group->count == VF) {
      vf_store(y, acc[t]);
    } else {
      float lanes[VF];
      vf_store(lanes, acc[t]);
      memcpy(y, lanes + group->lane, group->count * sizeof(float));
    }
  }
}
