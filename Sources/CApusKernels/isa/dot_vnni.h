// Products of unsigned codes and int8 activations with VNNI's vpdpbusd, in vectors of any width.

// Tokens and vectors of rows whose products are summed at once: their sums stay in registers, and with them all codes
// of one vector where there are 32 registers (512 bits).
enum { TOKENS = 4, VECTORS = VF > 8 ? 1 : 2, VQ_OPERANDS = 8, LAYOUT_ONE = LANES };

#include "../bodies/offsets.h"

// Signed codes go 128 above.
SIMD void vq_operands(const vq *codes, const int BITS, vq *operands) {
  UNROLL for (int j = 0; j < 8; j++) operands[j] = BITS == 8 ? vq_flip_signs(codes[j]) : codes[j];
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

// dots[v * T + t]: 32 codes, less their offset, . activations of token t.
SIMD void vq_dot(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int OFFSET, const int V,
                 const int T, vi *dots) {
  UNROLL for (int i = 0; i < V * T; i++)
    dots[i] = vi_splat(-offset_products(offsets[i % T], BITS == 8 ? 128 : OFFSET));
  dot_words(codes, a, 0, 8, V, T, dots);
}

// The same for one vector of rows and one token, from codes in LAYOUT_ONE.
SIMD vi vq_dot_one(const vq *codes, const int8_t *a, const int32_t *offsets, const int BITS, const int OFFSET) {
  vq operands[VQ_OPERANDS];
  vi dot;
  vq_operands(codes, BITS, operands);
  vq_dot(operands, a, offsets, BITS, OFFSET, 1, 1, &dot);
  return dot;
}

// ---- formats with a scale for 16 weights

#include "../bodies/sub_scales.h"

// Scales as floats; `pairs`: the mins of both halves of a group, as 16-bit integers.
typedef struct {
  vf d, dmin, scale[16];
  vi pairs[8];
} halves_scales, halves_scales_one;

SIMD void halves_prepare(const sub_scales *unpacked, const int SUBTRACT, halves_scales *u) {
  u->d = unpacked->d, u->dmin = unpacked->dmin;
  UNROLL for (int i = 0; i < 16; i++) u->scale[i] = vf_from_vi(vi_signed_byte(unpacked->scale[i / 4], i % 4));
  if (SUBTRACT == MINS)
    UNROLL for (int g = 0; g < 8; g++) u->pairs[g] = vi_pairs(unpacked->min[g / 2], g % 2, 1);
}
SIMD void halves_prepare_one(const sub_scales *unpacked, const int SUBTRACT, halves_scales_one *u) {
  halves_prepare(unpacked, SUBTRACT, u);
}

// What products of 16 codes with activations that sum up to `sum` begin with.
SIMD vi halves_start(int16_t sum, const int SUBTRACT) { return vi_splat(SUBTRACT > 0 ? -(sum * SUBTRACT) : 0); }

// dots: scaled products of the halves of group g, less the offset; without an offset mins: what the mins take off.
SIMD void vq_dot_halves(const vq *codes, const int8_t *a, const int16_t *sums16, const halves_scales *u, size_t g,
                        const int BITS, const int SUBTRACT, const int V, const int T, vf *dots, vf *mins) {
  vi low[VECTORS * TOKENS], high[VECTORS * TOKENS];
  UNROLL for (int i = 0; i < V * T; i++) {
    low[i] = halves_start(sums16[2 * (i % T)], SUBTRACT);
    high[i] = halves_start(sums16[2 * (i % T) + 1], SUBTRACT);
  }
  dot_words(codes, a, 0, 4, V, T, low);
  dot_words(codes, a, 4, 4, V, T, high);
  UNROLL for (int v = 0; v < V; v++) {
    UNROLL for (int t = 0; t < T; t++) {
      const int i = v * T + t;
      const vf scaled = vf_mul(vf_from_vi(low[i]), u[v].scale[2 * g]);
      dots[i] = vf_fma(vf_from_vi(high[i]), u[v].scale[2 * g + 1], scaled);
      if (SUBTRACT == MINS)
        mins[i] = vf_from_vi(vi_dot_pairs(u[v].pairs[g], vi_splat_word((const int8_t *)(sums16 + 2 * t))));
    }
  }
}

SIMD vf vq_dot_halves_one(const vq *codes, const int8_t *a, const int16_t *sums16, const halves_scales_one *u, size_t g,
                          const int BITS, const int SUBTRACT, vf *min) {
  vf dot;
  vq_dot_halves(codes, a, sums16, u, g, BITS, SUBTRACT, 1, 1, &dot, min);
  return dot;
}
