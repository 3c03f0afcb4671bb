// Products of unsigned codes and int8 activations with AVX2's vpmaddubsw.
//
// vpmaddubsw adds two products in 16 bits; how many of its results fit in 16 bits depends on the codes: up to 15 eight,
// up to 31 four, up to 63 two. Signed codes of 8 bits go, 128 above, as two nibbles.
//
// Tokens and vectors of rows whose products are summed at once, as far as registers go.
enum { TOKENS = 4, VECTORS = 2, VQ_OPERANDS = 16 };

SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) {
    const vq above = vq_flip_signs(codes[j]);
    operands[j] = BITS == 8 ? vq_and(above, 15) : codes[j];
    if (BITS == 8)
      operands[8 + j] = vq_and(vq_shr(above, 4), 15);
  }
}

SIMD vi add_pairs(vi a, int factor) { return _mm256_madd_epi16(a, _mm256_set1_epi16((short)factor)); }

// Products of codes [first, first + COUNT) x 4 with the activations of T tokens, added in 16 bits, then in pairs.
SIMD void dot_chain(const vq *codes, const int8_t *a, const int COUNT, const int V, const int T, int factor, vi *sums) {
  vi chain[VECTORS * TOKENS];
  UNROLL for (int j = 0; j < COUNT; j++) {
    vi words[TOKENS];
    UNROLL for (int t = 0; t < T; t++) words[t] = vi_splat_word(a + 32 * t + 4 * j);
    UNROLL for (int v = 0; v < V; v++) {
      UNROLL for (int t = 0; t < T; t++) {
        const vi product = _mm256_maddubs_epi16(codes[v * VQ_OPERANDS + j], words[t]);
        chain[v * T + t] = j == 0 ? product : _mm256_add_epi16(chain[v * T + t], product);
      }
    }
  }
  UNROLL for (int i = 0; i < V * T; i++) sums[i] = add_pairs(chain[i], factor);
}

// low[v * T + t]: sum over codes 0...31 . activations of token t; with HALVES low has codes 0...15 and high the rest.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                 const int V, const int T, vi *low, vi *high) {
  const int CHAIN = BITS == 6 ? 2 : BITS == 5 || HALVES ? 4 : 8;
  UNROLL for (int j = 0; j < 8; j += CHAIN) {
    vi part[VECTORS * TOKENS];
    const int isHigh = HALVES && j >= 4;
    dot_chain(codes + j, a + 4 * j, CHAIN, V, T, 1, part);
    UNROLL for (int i = 0; i < V * T; i++) {
      vi *sum = isHigh ? high + i : low + i;
      *sum = j == (isHigh ? 4 : 0) ? part[i] : _mm256_add_epi32(*sum, part[i]);
    }
  }
  if (BITS == 8) {
    vi upper[VECTORS * TOKENS];
    dot_chain(codes + 8, a, 8, V, T, 16, upper);
    UNROLL for (int i = 0; i < V * T; i++) low[i] =
        _mm256_add_epi32(low[i], _mm256_sub_epi32(upper[i], _mm256_set1_epi32(offsets[i % T])));
  }
}

// Decode leaves codes as they lie in memory, a row in each half of a vector, and sums across at the end: with one
// token that is less than to turn them, and signed codes need no nibbles.
enum { LAYOUT_ONE = ROWS };

// The sums of the four 32-bit lanes of rows 0...7, added as 16 bits or 32 (WIDE): lane r is row r.
SIMD vi sum_rows(const vi *rows, const int WIDE) {
  vi pairs[2];
#define ADD(a, b) (WIDE ? _mm256_add_epi32(a, b) : _mm256_add_epi16(a, b))
  UNROLL for (int i = 0; i < 2; i++) {
    const vi a = rows[2 * i], b = rows[2 * i + 1];
    pairs[i] = ADD(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
  }
  const vi sum = ADD(_mm256_unpacklo_epi64(pairs[0], pairs[1]), _mm256_unpackhi_epi64(pairs[0], pairs[1]));
#undef ADD
  return WIDE ? sum : add_pairs(sum, 1);
}

SIMD vi products(vq codes, vi a, const int BITS) {
  if (BITS == 8) // |code| * (activation with the code's sign): 128 * 127 * 2 stays within 16 bits
    return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(a, codes));
  return _mm256_maddubs_epi16(codes, a);
}

// vq_dot for one vector of rows and one token, from codes in LAYOUT_ONE.
SIMD void vq_dot_one(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                     vi *low, vi *high) {
  const int WIDE = BITS > 4;
  const vi first = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)a));
  const vi second = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(a + 16)));
  vi x[4], y[4];
  UNROLL for (int j = 0; j < 4; j++) {
    x[j] = products(codes[j], first, BITS);
    y[j] = products(codes[4 + j], second, BITS);
    if (BITS == 8)
      x[j] = _mm256_add_epi32(add_pairs(x[j], 1), add_pairs(y[j], 1));
    else if (!HALVES)
      x[j] = _mm256_add_epi16(x[j], y[j]);
    if (WIDE && BITS != 8)
      x[j] = add_pairs(x[j], 1);
    if (WIDE && HALVES)
      y[j] = add_pairs(y[j], 1);
  }
  *low = sum_rows(x, WIDE);
  if (HALVES)
    *high = sum_rows(y, WIDE);
  (void)offsets;
}
