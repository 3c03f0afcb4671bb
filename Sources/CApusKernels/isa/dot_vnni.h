// Products of unsigned codes and int8 activations with VNNI's vpdpbusd, in vectors of any width.

// Tokens, and at most vectors of rows, whose products are summed at once: their sums stay in registers, and with them
// all codes where there are 32 registers (512 bits).
enum { TOKENS = VF > 8 ? 8 : 4, VECTORS = 2, VQ_OPERANDS = 8 };
enum { blocks_layout_one = IN_PLACE, halves_layout_one = IN_PLACE, unrolls_one = 0, SIGNED_ABOVE = 128 };

#include "../bodies/offsets.h"

SIMD int offset_of_operands(const int BITS, const int OFFSET) { return BITS == 8 ? SIGNED_ABOVE : OFFSET; }
SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  (void)BITS;
  UNROLL for (int j = 0; j < 8; j++) operands[j] = codes[j];
}

// sums[v * T + t]: codes [4 * first, 4 * (first + COUNT)) . activations of token t, from `sums` on.
SIMD void dot_words(const vq *codes, const int8_t *a, const int FIRST, const int COUNT, const int V, const int T,
                    vi *sums) {
  UNROLL for (int j = FIRST; j < FIRST + COUNT; j++) {
    UNROLL for (int t = 0; t < T; t++) {
      const vi word = vi_splat_word(a + 32 * t + 4 * j);
      UNROLL for (int v = 0; v < V; v++) sums[v * T + t] =
          vi_dpbusd(sums[v * T + t], codes[v * VQ_OPERANDS + j], word);
    }
  }
}

// sums[v * T + t] = starts[t], or zero where codes have no offset.
SIMD void begin_sums(const int32_t *starts, const int OFFSET, const int V, const int T, vi *sums) {
  UNROLL for (int i = 0; i < V * T; i++) sums[i] = OFFSET > 0 ? vi_splat(starts[i % T]) : vi_zero();
}

// dots[v * T + t]: 32 codes, less their offset, . activations of token t.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *starts, const int BITS, const int OFFSET, const int V,
                 const int T, vi *dots) {
  begin_sums(starts, offset_of_operands(BITS, OFFSET), V, T, dots);
  dot_words(codes, a, 0, 8, V, T, dots);
}

// The same for one vector of rows and one token, from codes IN_PLACE. With an offset the first half begins at bit 0: there the sum starts.
SIMD vi vq_dot_one(const vq *codes, places at, const int8_t *a, const int32_t *offsets, const int BITS,
                   const int OFFSET) {
  int32_t start;
  vi low, high = vi_zero();
  starts_from(offsets, 1, offset_of_operands(BITS, OFFSET), &start);
  begin_sums(&start, offset_of_operands(BITS, OFFSET), 1, 1, &low);
  dot_words(codes, a, 0, 4, 1, 1, &low);
  dot_words(codes, a, 4, 4, 1, 1, at.low == at.high ? &low : &high);
  return at.low == at.high ? vi_sra(low, at.low) : vi_sum(vi_sra(low, at.low), vi_sra(high, at.high));
}

// ---- formats with a scale for 16 weights

#include "../bodies/sub_scales.h"

// `pairs`: the mins of both halves of a group, as 16-bit integers. `words` and `zeros` serve folded codes, see below.
typedef struct {
  vf d, dmin, scale[16];
  vi words[16], pairs[8];
  vq zeros[16];
} halves_scales;
// `both`: for codes whose sums of 16 products fit in 16 bits, the scales of both halves of a group, instead of `scale`.
typedef struct {
  vf d, dmin, scale[16];
  vi both[8], pairs[8];
} halves_scales_one;

// Whether products of codes and scales fit in a byte: then many tokens share these, and 32 weights have one sum.
// (code - 4) * scale of Q3_K is -124...128: it goes with its sign changed and 128 above.
SIMD int is_folded(const int BITS) { return BITS <= 3; }

SIMD int halves_tokens(const int BITS) { return is_folded(BITS) || TOKENS < 4 ? TOKENS : 4; }

SIMD void scales_of_halves(const sub_scales *unpacked, vf *scale) {
  UNROLL for (int i = 0; i < 16; i++) scale[i] = vf_from_vi(vi_signed_byte(unpacked->scale[i / 4], i % 4));
}
SIMD void pairs_of_halves(const vq *bytes, vi *pairs) {
  UNROLL for (int g = 0; g < 8; g++) pairs[g] = vi_pairs(bytes[g / 2], g % 2, 1);
}
SIMD void halves_prepare_one(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales_one *u) {
  u->d = unpacked->d, u->dmin = unpacked->dmin;
  if (is_folded(BITS))
    pairs_of_halves(unpacked->scale, u->both);
  else
    scales_of_halves(unpacked, u->scale);
  if (SUBTRACT == MINS)
    pairs_of_halves(unpacked->min, u->pairs);
}

// For folded codes: scales twice in every lane, as 16-bit integers; `zeros`: what a code becomes that stands for 0.
SIMD void halves_prepare(const sub_scales *unpacked, const int BITS, const int SUBTRACT, halves_scales *u) {
  u->d = unpacked->d, u->dmin = unpacked->dmin;
  if (SUBTRACT == MINS)
    pairs_of_halves(unpacked->min, u->pairs);
  if (!is_folded(BITS))
    return scales_of_halves(unpacked, u->scale);
  UNROLL for (int i = 0; i < 16; i++) {
    const vi scale = vi_signed_byte(unpacked->scale[i / 4], i % 4);
    u->words[i] = vi_or(vi_field(scale, 0, 16), vi_shl(scale, 16));
    u->zeros[i] = vq_add(vq_multiply(vq_add(vq_zero(), SUBTRACT), u->words[i]), 128);
  }
  if (SUBTRACT > 0)
    u->d = vf_neg(u->d);
}

SIMD void halves_operands(const vq *codes, const halves_scales *u, size_t g, const int BITS, const int SUBTRACT,
                          vq *operands) {
  vq_operands(codes, BITS, operands);
  if (!is_folded(BITS))
    return;
  UNROLL for (int j = 0; j < 8; j++) {
    const size_t half = 2 * g + (size_t)j / 4;
    const vq scaled = vq_multiply(codes[j], u->words[half]);
    operands[j] = SUBTRACT > 0 ? vq_subtract(u->zeros[half], scaled) : scaled;
  }
}

// Where the sums of second halves begin among the starts.
enum { SECOND = APUS_CHUNK_TOKENS_MAX };

SIMD void halves_starts(const int32_t *offsets, const int16_t *sums16, size_t width, const int BITS, const int SUBTRACT,
                        int32_t *starts) {
  if (is_folded(BITS))
    return starts_from(offsets, width, SUBTRACT > 0 ? 128 : 0, starts);
  for (size_t t = 0; t < width && SUBTRACT > 0; t++) {
    starts[t] = -(sums16[2 * t] * SUBTRACT);
    starts[SECOND + t] = -(sums16[2 * t + 1] * SUBTRACT);
  }
}

// dots: scaled products of the halves of group g, which begin with the starts at `low` and `high`.
SIMD void dot_halves(const vq *codes, const int8_t *a, const int32_t *low, const int32_t *high, const halves_scales *u,
                     size_t g, const int SUBTRACT, const int V, const int T, vf *dots) {
  vi first[VECTORS * TOKENS], second[VECTORS * TOKENS];
  begin_sums(low, SUBTRACT, V, T, first);
  begin_sums(high, SUBTRACT, V, T, second);
  dot_words(codes, a, 0, 4, V, T, first);
  dot_words(codes, a, 4, 4, V, T, second);
  UNROLL for (int i = 0; i < V * T; i++) {
    const vf scaled = vf_mul(vf_from_vi(first[i]), u[i / T].scale[2 * g]);
    dots[i] = vf_fma(vf_from_vi(second[i]), u[i / T].scale[2 * g + 1], scaled);
  }
}

// The same with scales in the codes.
SIMD void dot_folded(const vq *codes, const int8_t *a, const int32_t *starts, const int SUBTRACT, const int V,
                     const int T, vf *dots) {
  vi sums[VECTORS * TOKENS];
  begin_sums(starts, SUBTRACT, V, T, sums);
  dot_words(codes, a, 0, 8, V, T, sums);
  UNROLL for (int i = 0; i < V * T; i++) dots[i] = vf_from_vi(sums[i]);
}

// What the mins of group g take off, whose pairs these are.
SIMD vf dot_mins(const int16_t *sums16, vi pairs) {
  return vf_from_vi(vi_dot_pairs(pairs, vi_splat_word((const int8_t *)sums16)));
}

// dots: scaled products of the halves of group g, less the offset; without an offset mins: what the mins take off.
SIMD void vq_dot_halves(const vq *codes, const int8_t *a, const int16_t *sums16, const int32_t *starts,
                        const halves_scales *u, size_t g, const int BITS, const int SUBTRACT, const int V, const int T,
                        vf *dots, vf *mins) {
  if (is_folded(BITS))
    dot_folded(codes, a, starts, SUBTRACT, V, T, dots);
  else
    dot_halves(codes, a, starts, starts + SECOND, u, g, SUBTRACT, V, T, dots);
  if (SUBTRACT == MINS)
    UNROLL for (int i = 0; i < V * T; i++) mins[i] = dot_mins(sums16 + 2 * (i % T), u[i / T].pairs[g]);
}

SIMD vf vq_dot_halves_one(const vq *codes, places at, const int8_t *a, const int16_t *sums16,
                          const halves_scales_one *u, size_t g, const int BITS, const int SUBTRACT, vf *min) {
  const int32_t starts[2] = {-(sums16[0] * SUBTRACT) * (1 << at.low), -(sums16[1] * SUBTRACT) * (1 << at.high)};
  vi first, second;
  begin_sums(starts, SUBTRACT, 1, 1, &first);
  begin_sums(starts + 1, SUBTRACT, 1, 1, &second);
  dot_words(codes, a, 0, 4, 1, 1, &first);
  dot_words(codes, a, 4, 4, 1, 1, &second);
  if (SUBTRACT == MINS)
    *min = dot_mins(sums16, u->pairs[g]);
  if (is_folded(BITS)) {
    const vi both = vi_halves(vi_sra(first, at.low), vi_shl(second, 16 - at.high));
    return vf_from_vi(vi_dot_pairs(both, u->both[g]));
  }
  const vf scaled = vf_mul(vf_from_vi(vi_sra(first, at.low)), u->scale[2 * g]);
  return vf_fma(vf_from_vi(vi_sra(second, at.high)), u->scale[2 * g + 1], scaled);
}
