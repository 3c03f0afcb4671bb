// NVFP4: 64 weights in 36 bytes, 4 sub-blocks of 16. weight = scale / 2 * table[code]. A scale is a float of four exponent
// bits and three of fraction without a sign (E4M3, bias 7; its NaN, 127, is read as zero). A sub-block has eight bytes of
// codes: byte j holds weights j (low nibble) and j + 8 (high nibble).
#include "fp4_table.h"

typedef struct {
  uint8_t scales[4];
  uint8_t codes[32];
} apus_nvfp4;
_Static_assert(sizeof(apus_nvfp4) == 36, "NVFP4 quant block");

// Half the scale: the bits in the place of a float's make the right float, but for its bias of 127.
static inline float apus_half_scale_nvfp4(uint8_t bits) {
  return bits == 127 ? 0 : apus_bits_to_float((uint32_t)(bits & 127) << 20) * 0x1p119f;
}

static inline void apus_decode_block_nvfp4(const apus_nvfp4 *b, float *w) {
  for (int i = 0; i < 64; i++) {
    int code = b->codes[i / 16 * 8 + i % 8] >> (i / 8 % 2 * 4) & 15;
    w[i] = apus_half_scale_nvfp4(b->scales[i / 16]) * (float)apus_fp4_values[code];
  }
}

static inline int apus_is_finite_nvfp4(const apus_nvfp4 *b) {
  return b->scales[0] != 127 && b->scales[1] != 127 && b->scales[2] != 127 && b->scales[3] != 127;
}

#ifdef APUS_SIMD
enum { groups_nvfp4 = 4, strip_nvfp4 = 1, span_nvfp4 = 4, few_nvfp4 = 1, bits_nvfp4 = 5, subtract_nvfp4 = 16 };
SIMD void scales_nvfp4(block_rows b, scales *u) {
  const vq packed = vq_words_at(b, offsetof(apus_nvfp4, scales));
  UNROLL for (int s = 0; s < 4; s++) {
    // Without an exponent there is no leading one: the float is made with it, 2^-7, which is taken off. A subnormal float
    // would be slow.
    const vi lacks_one = vi_sra(vi_add(vi_field(packed, 8 * s + 3, 4), -1), 31);
    const vi bits = vi_add(vi_place(packed, 8 * s, 7, 20), 119 << 23);
    const vf one = vf_from_bits(vi_and(lacks_one, 120 << 23));
    u->scale[s] = vf_fnma(one, vf_splat(1), vf_from_bits(vi_sum(bits, vi_and(lacks_one, 1 << 23))));
  }
}
// Sub-block g; the other half of its 32 weights counts for nothing.
SIMD int codes_nvfp4(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq bytes[4];
  vq_bytes_at(b, offsetof(apus_nvfp4, codes) + 16 * (g / 2), LANES, bytes);
  UNROLL for (int j = 0; j < 4; j++) {
    const vq nibbles = vq_and(vq_shr(bytes[g % 2 * 2 + j % 2], j / 2 * 4), 15);
    codes[j] = half == g % 2 ? vq_lookup(apus_fp4_above, nibbles) : vq_add(vq_and(nibbles, 0), APUS_MIDDLE_FP4);
  }
  return 0;
}
#endif
