// Products of unsigned codes and int8 activations with AVX2's vpmaddubsw.
//
// vpmaddubsw adds two products in 16 bits; how many of its results fit in 16 bits depends on the codes: up to 15 eight,
// up to 31 four, up to 63 two, up to 127 one. Signed codes of 8 bits go, 128 above, as two nibbles.
//
// Tokens and vectors of rows whose products are summed at once, as far as registers go.
enum { TOKENS = 4, VECTORS = 2, VQ_OPERANDS = 16 };

SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) {
    const vq above = vq_add(codes[j], 128);
    operands[j] = BITS == 8 ? vq_and(above, 15) : codes[j];
    if (BITS == 8)
      operands[8 + j] = vq_and(vq_shr(above, 4), 15);
  }
}

#include "../bodies/offsets.h"

SIMD int offset_of_operands(const int BITS, const int OFFSET) { return BITS == 8 ? 128 : OFFSET; }

SIMD vi less_offset(vi dot, int32_t sum, const int OFFSET) {
  return OFFSET > 0 ? _mm256_sub_epi32(dot, vi_splat(offset_products(sum, OFFSET))) : dot;
}

SIMD vi add_pairs(vi a) { return _mm256_madd_epi16(a, _mm256_set1_epi16(1)); }

// Keeps a vector in its register here: the compiler would else put sums of several steps together, and with several
// tokens run out of registers for them.
#define KEEP(vector) __asm__("" : "+x"(vector))

// chain[v * T + t]: products of codes [0, COUNT) x 4 with the activations of token t, added in 16 bits.
SIMD void dot_chain(const vq *codes, const int8_t *a, const int COUNT, const int V, const int T, vi *chain) {
  UNROLL for (int j = 0; j < COUNT; j++) {
    vi words[TOKENS];
    UNROLL for (int t = 0; t < T; t++) words[t] = vi_splat_word(a + 32 * t + 4 * j);
    UNROLL for (int v = 0; v < V; v++) {
      UNROLL for (int t = 0; t < T; t++) {
        const vi product = _mm256_maddubs_epi16(codes[v * VQ_OPERANDS + j], words[t]);
        chain[v * T + t] = j == 0 ? product : _mm256_add_epi16(chain[v * T + t], product);
        if (V * T > 1)
          KEEP(chain[v * T + t]);
      }
    }
  }
}

// How many results of vpmaddubsw with codes of so many bits are added in 16 bits.
SIMD int chain_of(const int BITS) { return BITS == 5 ? 4 : BITS == 6 ? 2 : BITS == 7 ? 1 : 8; }

// dots[v * T + t]: 32 codes, less their offset, . activations of token t.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *starts, const int BITS, const int OFFSET, const int V,
                 const int T, vi *dots) {
  const int CHAIN = chain_of(BITS);
  vi chain[VECTORS * TOKENS];
  UNROLL for (int j = 0; j < 8; j += CHAIN) {
    dot_chain(codes + j, a + 4 * j, CHAIN, V, T, chain);
    UNROLL for (int i = 0; i < V * T; i++)
      dots[i] = j == 0 ? add_pairs(chain[i]) : _mm256_add_epi32(dots[i], add_pairs(chain[i]));
  }
  if (BITS == 8) {
    const vi sixteen = _mm256_set1_epi16(16);
    __asm__("" : "+r"(a)); // to broadcast again costs less than 32 spilled words
    dot_chain(codes + 8, a, 8, V, T, chain);
    UNROLL for (int i = 0; i < V * T; i++)
      dots[i] = _mm256_add_epi32(dots[i], _mm256_madd_epi16(chain[i], sixteen));
  }
  UNROLL for (int i = 0; i < V * T; i++)
    dots[i] = offset_of_operands(BITS, OFFSET) > 0 ? vi_add(dots[i], starts[i % T]) : dots[i];
}

// Decode of formats with a scale for 32 weights leaves codes as they lie in memory, a row in each half of a vector, and
// sums across at the end: with one token that is less than to turn them, and signed codes need no nibbles. With a scale
// for 16 weights codes of two and three bits may begin at bit 2 too: four of 28 * 127 * 2 fit in 16 bits.
enum { blocks_layout_one = ROWS, halves_layout_one = IN_NIBBLE, unrolls_one = 1, SIGNED_ABOVE = 0 };

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
  return WIDE ? sum : add_pairs(sum);
}

SIMD vi products(vq codes, vi a, const int BITS) {
  if (BITS == 8) // |code| * (activation with the code's sign): 128 * 127 * 2 stays within 16 bits
    return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(a, codes));
  return _mm256_maddubs_epi16(codes, a);
}

SIMD vi splat_sixteen(const int8_t *a) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)a));
}

// vq_dot for one vector of rows and one token, from codes in ROWS.
SIMD vi vq_dot_one(const vq *codes, places at, const int8_t *a, const int32_t *offsets, const int BITS,
                   const int OFFSET) {
  (void)at;
  const vi first = splat_sixteen(a), second = splat_sixteen(a + 16);
  vi rows[4];
  UNROLL for (int j = 0; j < 4; j++) {
    const vi x = products(codes[j], first, BITS), y = products(codes[4 + j], second, BITS);
    if (BITS == 8)
      rows[j] = _mm256_add_epi32(add_pairs(x), add_pairs(y));
    else
      rows[j] = BITS > 4 ? add_pairs(_mm256_add_epi16(x, y)) : _mm256_add_epi16(x, y);
  }
  return less_offset(sum_rows(rows, BITS > 4), *offsets, OFFSET);
}

// ---- formats with a scale for 16 weights: vpmaddwd scales and adds

#include "../bodies/sub_scales.h"

// Scales as 16-bit integers, twice in every lane; `pairs`: for both halves of a group what is subtracted.
typedef struct {
  vf d, dmin;
  vi scale[16], pairs[8];
} halves_scales;

SIMD void pairs_from(const sub_scales *unpacked, const int SUBTRACT, vi *pairs) {
  const vq *subtracted = SUBTRACT > 0 ? unpacked->scale : unpacked->min;
  UNROLL for (int g = 0; g < 8; g++) pairs[g] = vi_pairs(subtracted[g / 2], g % 2, SUBTRACT > 0 ? SUBTRACT : 1);
}

SIMD void halves_prepare(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales *u) {
  (void)BITS;
  u->d = unpacked->d, u->dmin = unpacked->dmin;
  UNROLL for (int i = 0; i < 16; i++) {
    const vi order = _mm256_add_epi8(vi_splat((int)0x00800080), _mm256_set1_epi16((short)((i % 4) << 8)));
    const __m256i lanes = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04000400, 0x08000800, 0x0c000c00));
    const vi upper = _mm256_shuffle_epi8(unpacked->scale[i / 4], _mm256_add_epi8(order, lanes));
    u->scale[i] = _mm256_srai_epi16(upper, 8);
  }
  pairs_from(unpacked, SUBTRACT, u->pairs);
}

SIMD void halves_operands(const vq *codes, const halves_scales *u, size_t g, const int BITS, const int SUBTRACT,
                          vq *operands) {
  (void)u, (void)g, (void)SUBTRACT;
  vq_operands(codes, BITS, operands);
}

// Offsets are taken off with their scales.
SIMD void halves_starts(const int32_t *offsets, const int16_t *sums16, size_t width, const int BITS, const int SUBTRACT,
                        int32_t *starts) {
  (void)offsets, (void)sums16, (void)width, (void)BITS, (void)SUBTRACT, (void)starts;
}
SIMD int halves_tokens(const int BITS) {
  (void)BITS;
  return TOKENS;
}

// sums[v * T + t]: the products of the halves of group g, scaled and added.
SIMD void dot_scaled(const vq *codes, const int8_t *a, const halves_scales *u, size_t g, const int BITS, const int V,
                     const int T, vi *sums) {
  const int CHAIN = chain_of(BITS) > 4 ? 4 : chain_of(BITS);
  vi chain[VECTORS * TOKENS];
  UNROLL for (int j = 0; j < 8; j += CHAIN) {
    dot_chain(codes + j, a + 4 * j, CHAIN, V, T, chain);
    UNROLL for (int i = 0; i < V * T; i++) {
      const vi scaled = _mm256_madd_epi16(chain[i], u[i / T].scale[2 * g + j / 4]);
      sums[i] = j == 0 ? scaled : _mm256_add_epi32(sums[i], scaled);
    }
  }
}

// A group's sum less the offset; without an offset min: what the mins take off. `both`: the sums of the activations of
// both halves.
SIMD vf less_subtracted(vi sum, vi both, const halves_scales *u, size_t g, const int SUBTRACT, vf *min) {
  const vi subtracted = vi_dot_pairs(u->pairs[g], both);
  *min = vf_from_vi(subtracted);
  return vf_from_vi(SUBTRACT > 0 ? _mm256_sub_epi32(sum, subtracted) : sum);
}

// dots: scaled products of the halves of group g, less the offset; without an offset mins: what the mins take off.
SIMD void vq_dot_halves(const vq *codes, const int8_t *a, const int16_t *sums16, const int32_t *starts,
                        const halves_scales *u, size_t g, const int BITS, const int SUBTRACT, const int V, const int T,
                        vf *dots, vf *mins) {
  (void)starts;
  vi sums[VECTORS * TOKENS];
  dot_scaled(codes, a, u, g, BITS, V, T, sums);
  UNROLL for (int t = 0; t < T; t++) {
    const vi both = vi_splat_word((const int8_t *)(sums16 + 2 * t));
    UNROLL for (int v = 0; v < V; v++) dots[v * T + t] =
        less_subtracted(sums[v * T + t], both, u + v, g, SUBTRACT, mins + v * T + t);
  }
}

// The same for one vector of rows and one token, from codes IN_NIBBLE: here too scales serve eight rows at once.
typedef halves_scales halves_scales_one;
SIMD void halves_prepare_one(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales_one *u) {
  halves_prepare(unpacked, BITS, SUBTRACT, u);
}
SIMD vf vq_dot_halves_one(const vq *codes, places at, const int8_t *a, const int16_t *sums16,
                          const halves_scales_one *u, size_t g, const int BITS, const int SUBTRACT, vf *min) {
  vi sum;
  dot_scaled(codes, a, u, g, BITS, 1, 1, &sum);
  return less_subtracted(vi_sra(sum, at.low), vi_splat_word((const int8_t *)sums16), u, g, SUBTRACT, min);
}
#undef KEEP
