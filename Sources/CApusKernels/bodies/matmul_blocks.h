// Formats with a scale for 32 weights: what matmul_quantized.h needs of their kind. SUBTRACT: MINS, NOTHING, or the
// offset of their codes, which dots come without.

typedef scales blocks_unpacked, blocks_scales, blocks_scales_one;

SIMD void blocks_prepare(const scales *unpacked, const int BITS, const int SUBTRACT, blocks_scales *u) {
  (void)BITS, (void)SUBTRACT;
  *u = *unpacked;
}
SIMD void blocks_prepare_one(const scales *unpacked, const int BITS, const int SUBTRACT, blocks_scales_one *u) {
  blocks_prepare(unpacked, BITS, SUBTRACT, u);
}

SIMD void blocks_operands(const vq *codes, const scales *u, size_t g, const int BITS, const int SUBTRACT,
                          vq *operands) {
  (void)u, (void)g, (void)SUBTRACT;
  vq_operands(codes, BITS, operands);
}

SIMD void blocks_starts(const int32_t *offsets, const int16_t *sums16, size_t width, const int BITS, const int SUBTRACT,
                        int32_t *starts) {
  (void)sums16;
  starts_from(offsets, width, offset_of_operands(BITS, SUBTRACT), starts);
}

SIMD int blocks_tokens(const int BITS) {
  (void)BITS;
  return TOKENS;
}

SIMD void blocks_add(const vi *dots, const scales *u, size_t g, block_of_a a, const int SUBTRACT, const int V,
                     const int T, vf *acc) {
  UNROLL for (int t = 0; t < T; t++) {
    const vf d = vf_splat(a.scales[t]);
    UNROLL for (int v = 0; v < V; v++) {
      vf *sum = acc + (size_t)v * APUS_CHUNK_TOKENS_MAX + t;
      const vf total = vf_fma(vf_from_vi(dots[v * T + t]), vf_mul(u[v].scale[g], d), *sum);
      *sum = SUBTRACT == MINS ? vf_fnma(u[v].min[g], vf_splat(a.sums32[t]), total) : total;
    }
  }
}

// acc[v * APUS_CHUNK_TOKENS_MAX + t] += products of group g, for V vectors of rows and T tokens; `operands` has
// VQ_OPERANDS vectors for every v.
SIMD void blocks_accumulate(const vq *operands, const scales *u, size_t g, block_of_a a, const int BITS,
                            const int SUBTRACT, const int V, const int T, vf *acc) {
  vi dots[VECTORS * TOKENS];
  vq_dot(operands, a.codes, a.starts, BITS, SUBTRACT, V, T, dots);
  blocks_add(dots, u, g, a, SUBTRACT, V, T, acc);
}

// The same for one vector of rows and one token, from codes in blocks_layout_one.
SIMD void blocks_accumulate_one(const vq *codes, places at, const scales *u, size_t g, block_of_a a, const int BITS,
                                const int SUBTRACT, vf *acc) {
  const vi dot = vq_dot_one(codes, at, a.codes, a.offsets, BITS, SUBTRACT);
  blocks_add(&dot, u, g, a, SUBTRACT, 1, 1, acc);
}
