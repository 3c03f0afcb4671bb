// The primitives on AVX2, FMA and F16C. vf: eight floats; vi: eight integers; vq: four codes of each of eight rows.

enum { VF = 8 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vq;

// ---- floats

SIMD vf vf_zero(void) { return _mm256_setzero_ps(); }
SIMD vf vf_splat(float x) { return _mm256_set1_ps(x); }
SIMD vf vf_load_f32(const void *p) { return _mm256_loadu_ps(p); }
SIMD vf vf_load_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
SIMD vf vf_load_bf16(const void *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
SIMD vf vf_load_i8(const int8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
SIMD void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
SIMD void vf_store_f16(apus_f16 *p, vf a) { _mm_storeu_si128((void *)p, _mm256_cvtps_ph(a, 0)); }
SIMD vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
SIMD vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
SIMD vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
SIMD vf vf_neg(vf a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
SIMD vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
SIMD vf vf_from_vi(vi a) { return _mm256_cvtepi32_ps(a); }
SIMD float vf_sum(vf a) {
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
SIMD float f16_scalar(const apus_f16 *p) { return _cvtsh_ss(*p); }
SIMD apus_f16 f16_from_float(float x) { return _cvtss_sh(x, 0); }

// ---- the same place in eight rows, `stride` bytes apart: lane r is row r

SIMD vq vq_words(const uint8_t *p, size_t stride) {
  int32_t words[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(words + r, p + r * stride, 4);
  return _mm256_setr_epi32(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
}
// 16 bytes of every row. LANES: vector j has bytes 4j...4j+3 of each row in its lane. ROWS: vector j has all bytes
// of row j in its lower half and of row j + 4 in its upper half.
SIMD void vq_bytes(const uint8_t *p, size_t stride, const int LAYOUT, vq *bytes) {
  __m256i rows[4], pairs[4];
  UNROLL for (int r = 0; r < 4; r++) {
    rows[r] = _mm256_castsi128_si256(_mm_loadu_si128((const void *)(p + r * stride)));
    rows[r] = _mm256_inserti128_si256(rows[r], _mm_loadu_si128((const void *)(p + (r + 4) * stride)), 1);
    bytes[r] = rows[r];
  }
  if (LAYOUT == ROWS)
    return;
  UNROLL for (int r = 0; r < 4; r += 2) {
    pairs[r] = _mm256_unpacklo_epi32(rows[r], rows[r + 1]);
    pairs[r + 1] = _mm256_unpackhi_epi32(rows[r], rows[r + 1]);
  }
  UNROLL for (int j = 0; j < 2; j++) {
    bytes[2 * j] = _mm256_unpacklo_epi64(pairs[j], pairs[2 + j]);
    bytes[2 * j + 1] = _mm256_unpackhi_epi64(pairs[j], pairs[2 + j]);
  }
}
// A half of every row as floats.
SIMD vf vf_halves(const uint8_t *p, size_t stride) {
  int16_t halves[8];
  UNROLL for (int r = 0; r < 8; r++) memcpy(halves + r, p + r * stride, 2);
  return _mm256_cvtph_ps(_mm_setr_epi16(halves[0], halves[1], halves[2], halves[3], halves[4], halves[5], halves[6],
                                        halves[7]));
}
// Two neighbouring halves of every row.
SIMD vf vf_half_pairs(const uint8_t *p, size_t stride, vf *second) {
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13,
                                         2, 3, 6, 7, 10, 11, 14, 15);
  __m256i apart = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(vq_words(p, stride), order), 0xd8);
  *second = _mm256_cvtph_ps(_mm256_extracti128_si256(apart, 1));
  return _mm256_cvtph_ps(_mm256_castsi256_si128(apart));
}

// ---- codes

SIMD vq vq_load(const void *p) { return _mm256_loadu_si256(p); }
SIMD vq vq_and(vq a, int byte) { return _mm256_and_si256(a, _mm256_set1_epi8((char)byte)); }
SIMD vq vq_or(vq a, vq b) { return _mm256_or_si256(a, b); }
// Shifts bytes down; bits come in from the neighbour above, so the caller masks.
SIMD vq vq_shr(vq a, int bits) { return _mm256_srli_epi16(a, bits); }
// Moves bit `from` of every byte and those above to bit `to`; the caller masks.
SIMD vq vq_to_bit(vq a, int from, int to) {
  return from > to ? _mm256_srli_epi16(a, from - to) : _mm256_slli_epi16(a, to - from);
}
SIMD vq vq_lookup(const int8_t *table, vq codes) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), codes);
}
// All ones in the bytes of codes whose bit is set in their row's word; vector j of the codes of 32 weights.
SIMD vq vq_bits(vq words, int j, const int LAYOUT) {
  const __m128i four = _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c);
  const __m128i eight = _mm_setr_epi32(0, 0, 0x01010101, 0x01010101);
  const __m128i source = LAYOUT == LANES ? _mm_add_epi8(four, _mm_set1_epi8((char)(j / 2)))
                                         : _mm_add_epi8(eight, _mm_set1_epi8((char)(4 * (j % 4) + 2 * (j / 4))));
  const __m256i bit = LAYOUT == LANES ? _mm256_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201)
                                      : _mm256_set1_epi64x((int64_t)0x8040201008040201);
  return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(source)), bit), bit);
}

SIMD vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
SIMD vi vi_add(vi a, int b) { return _mm256_add_epi32(a, _mm256_set1_epi32(b)); }
SIMD vi vi_shl(vi a, int bits) { return _mm256_slli_epi32(a, bits); }
SIMD vi vi_field(vq words, int shift, int bits) {
  return _mm256_and_si256(_mm256_srli_epi32(words, shift), _mm256_set1_epi32((1 << bits) - 1));
}
SIMD vi vi_signed_byte(vq words, int byte) {
  return _mm256_srai_epi32(_mm256_slli_epi32(words, 24 - 8 * byte), 24);
}

// ---- products of unsigned codes and int8 activations

SIMD __m256i splat_word(const int8_t *a) {
  int32_t word;
  memcpy(&word, a, 4);
  return _mm256_set1_epi32(word);
}

// Tokens and vectors of rows whose products are summed at once, as far as registers go.
enum { TOKENS = 4, VECTORS = 2 };

#ifndef APUS_HAS_VNNI
// vpmaddubsw adds two products in 16 bits; how many of its results fit in 16 bits depends on the codes: up to 15 eight,
// up to 31 four, up to 63 two. Signed codes of 8 bits go, 128 above, as two nibbles.
enum { VQ_OPERANDS = 16 };

SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) {
    const vq above = _mm256_xor_si256(codes[j], _mm256_set1_epi8((char)128));
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
    UNROLL for (int t = 0; t < T; t++) words[t] = splat_word(a + 32 * t + 4 * j);
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
#else
enum { VQ_OPERANDS = 8, LAYOUT_ONE = LANES };
SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) operands[j] =
      BITS == 8 ? _mm256_xor_si256(codes[j], _mm256_set1_epi8((char)128)) : codes[j];
}
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                 const int V, const int T, vi *low, vi *high) {
  UNROLL for (int i = 0; i < V * T; i++) {
    low[i] = BITS == 8 ? _mm256_set1_epi32(-offsets[i % T]) : _mm256_setzero_si256();
    high[i] = _mm256_setzero_si256();
  }
  UNROLL for (int j = 0; j < 8; j++) {
    UNROLL for (int t = 0; t < T; t++) {
      const vi word = splat_word(a + 32 * t + 4 * j);
      UNROLL for (int v = 0; v < V; v++) {
        vi *sum = HALVES && j >= 4 ? high + v * T + t : low + v * T + t;
        *sum = _mm256_dpbusd_avx_epi32(*sum, codes[v * VQ_OPERANDS + j], word);
      }
    }
  }
}
SIMD void vq_dot_one(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int HALVES,
                     vi *low, vi *high) {
  vq operands[VQ_OPERANDS];
  vq_operands(codes, BITS, operands);
  vq_dot(operands, a, offsets, BITS, HALVES, 1, 1, low, high);
}
#endif
