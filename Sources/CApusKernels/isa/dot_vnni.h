// Products of unsigned codes and int8 activations with VNNI's vpdpbusd, in vectors of any width.

// Tokens and vectors of rows whose products are summed at once: their codes and sums stay in registers.
enum { TOKENS = 4, VECTORS = 2, VQ_OPERANDS = 8, LAYOUT_ONE = LANES };

// Signed codes go 128 above.
SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) operands[j] = BITS == 8 ? vq_flip_signs(codes[j]) : codes[j];
}

// low[v * T + t]: sum over codes 0...31 . activations of token t; with HALVES low has codes 0...15 and high the rest.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                 const int V, const int T, vi *low, vi *high) {
  UNROLL for (int i = 0; i < V * T; i++) {
    low[i] = BITS == 8 ? vi_splat(-offsets[i % T]) : vi_zero();
    high[i] = vi_zero();
  }
  UNROLL for (int j = 0; j < 8; j++) {
    UNROLL for (int t = 0; t < T; t++) {
      const vi word = vi_splat_word(a + 32 * t + 4 * j);
      UNROLL for (int v = 0; v < V; v++) {
        vi *sum = HALVES && j >= 4 ? high + v * T + t : low + v * T + t;
        *sum = vi_dpbusd(*sum, codes[v * VQ_OPERANDS + j], word);
      }
    }
  }
}

// vq_dot for one vector of rows and one token, from codes in LAYOUT_ONE.
SIMD void vq_dot_one(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                     vi *low, vi *high) {
  vq operands[VQ_OPERANDS];
  vq_operands(codes, BITS, operands);
  vq_dot(operands, a, offsets, BITS, HALVES, 1, 1, low, high);
}
