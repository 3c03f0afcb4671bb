// Formats with an integer scale for 16 weights: what matmul_quantized.h needs of their kind. SUBTRACT: MINS, or
// the offset of their codes.
//
// The products of both halves of a group are scaled and added as integers, which levels do in their own ways: the sum
// is at most 2 * 16 * 32 * 127 * 128 < 2^24, so as a float it is exact whatever the way.

typedef sub_scales halves_unpacked;

// sum += activations' scale * (d * dot - dmin * min)
SIMD vf halves_add(vf dot, vf min, vf d, vf dmin, const float *scale, const int SUBTRACT, vf sum) {
  const vf own = vf_mul(dot, d);
  return vf_fma(SUBTRACT > 0 ? own : vf_fnma(min, dmin, own), vf_splat(*scale), sum);
}

SIMD void halves_accumulate(const vq *operands, const halves_scales *u, size_t g, block_of_a a, const int BITS,
                            const int SUBTRACT, const int V, const int T, vf *acc) {
  vf dots[VECTORS * TOKENS], mins[VECTORS * TOKENS];
  vq_dot_halves(operands, a.codes, a.sums16, a.starts, u, g, BITS, SUBTRACT, V, T, dots, mins);
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int v = 0; v < V; v++) {
      vf *sum = acc + (size_t)v * APUS_CHUNK_TOKENS_MAX + t;
      *sum = halves_add(dots[v * T + t], mins[v * T + t], u[v].d, u[v].dmin, a.scales + t, SUBTRACT, *sum);
    }
}

SIMD void halves_accumulate_one(const vq *codes, places at, const halves_scales_one *u, size_t g, block_of_a a,
                                const int BITS, const int SUBTRACT, vf *acc) {
  vf min;
  const vf dot = vq_dot_halves_one(codes, at, a.codes, a.sums16, u, g, BITS, SUBTRACT, &min);
  *acc = halves_add(dot, min, u->d, u->dmin, a.scales, SUBTRACT, *acc);
}
