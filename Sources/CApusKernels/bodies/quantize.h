// Rounds values to int8: scale = max|x| / 127, code = round(x / scale), ties to even. All levels give the same bits,
// so products and sums must not be fused. Where one of 32 values is NaN or infinite, so are all their scales: it
// shows in the results. Several blocks go side by side, so that none waits for the division of another; the loops
// have no branches, so that the compiler vectorizes them.
#pragma STDC FP_CONTRACT OFF

enum { STRIP = 8 }; // blocks side by side

// |x| as bits: magnitudes compare as integers do, and NaN and infinity are the largest.
SIMD uint32_t magnitude_of(float x) { return apus_float_to_bits(x) & 0x7fffffff; }

SIMD uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

SIMD uint32_t largest_of(const float *x) {
  uint32_t largest = 0;
  for (int j = 0; j < 32; j++)
    largest = larger(largest, magnitude_of(x[j]));
  return largest;
}

// What rounding a block takes: `kept` has no bit set where a value is not finite.
typedef struct {
  uint32_t largest[STRIP];
  float scales[STRIP];
  float inverses[STRIP];
  int32_t kept[STRIP];
} strip_scales;

// Scales from the largest magnitudes; 0 where those are too small to divide by.
SIMD void scales_from_largest(strip_scales *s) {
  for (int b = 0; b < STRIP; b++) {
    const int32_t is_finite = s->largest[b] < 0x7f800000;
    const float peak = apus_bits_to_float(s->largest[b]);
    const int32_t is_large = peak > 1e-30f;
    const float inverse = 127 / peak, scale = peak * (1.0f / 127);
    s->kept[b] = -is_finite;
    s->inverses[b] = apus_bits_to_float(apus_float_to_bits(inverse) & (uint32_t) - (is_finite & is_large));
    s->scales[b] = apus_bits_to_float((apus_float_to_bits(scale) & (uint32_t)-is_large) | (is_finite ? 0 : 0x7fc00000));
  }
}

// 32 codes: x * inverse to the nearest integer, as adding 1.5 * 2^23 leaves it in the low bits.
SIMD void codes_from(const float *x, float inverse, int32_t kept, int8_t *codes) {
  for (int j = 0; j < 32; j++) {
    const uint32_t bits = apus_float_to_bits(x[j] * inverse + 0x1.8p23f);
    codes[j] = (int8_t)((int32_t)(bits - apus_float_to_bits(0x1.8p23f)) & kept);
  }
}

// Rounds `count` blocks of 32 values, at most STRIP, which lie `step` values apart; their codes follow each other.
SIMD void round_strip(const float *x, size_t step, size_t count, int8_t *codes, strip_scales *s) {
  for (size_t b = 0; b < STRIP; b++)
    s->largest[b] = b < count ? largest_of(x + b * step) : 0;
  scales_from_largest(s);
  for (size_t b = 0; b < count; b++)
    codes_from(x + b * step, s->inverses[b], s->kept[b], codes + 32 * b);
}

// Rounds 32 values and returns their scale.
SIMD float round_block(const float *x, int8_t *codes) {
  strip_scales s;
  round_strip(x, 32, 1, codes, &s);
  return s.scales[0];
}

// Rounds `count` blocks, `step` values apart, to neighbours in a chunk.
SIMD void quantize_blocks(const float *x, size_t step, size_t count, int8_t *codes, float *scales, int16_t *sums16,
                          float *sums32, int32_t *offsets) {
  strip_scales s;
  for (size_t first = 0; first < count; first += STRIP) {
    const size_t now = count - first < STRIP ? count - first : STRIP;
    round_strip(x + step * first, step, now, codes + 32 * first, &s);
    for (size_t b = 0; b < now; b++) {
      const size_t at = first + b;
      int32_t sums[2];
      sums_of_codes(codes + 32 * at, sums);
      scales[at] = s.scales[b];
      sums16[2 * at] = (int16_t)sums[0];
      sums16[2 * at + 1] = (int16_t)sums[1];
      sums32[at] = s.scales[b] * (float)(sums[0] + sums[1]);
      offsets[at] = 128 * (sums[0] + sums[1]);
    }
  }
}

// The blocks at the same place of several tokens are neighbours; of a token alone, all its blocks.
static void LEVEL(apus_quantize)(const float *x, size_t k, size_t tokens, size_t width, int8_t *codes, float *scales,
                                 int16_t *sums16, float *sums32, int32_t *offsets) {
  if (width == 1)
    return quantize_blocks(x, 32, k / 32, codes, scales, sums16, sums32, offsets);
  for (size_t b = 0; b < k / 32; b++) {
    const size_t at = b * width;
    quantize_blocks(x + 32 * b, k, tokens, codes + 32 * at, scales + at, sums16 + 2 * at, sums32 + at, offsets + at);
  }
}

#pragma STDC FP_CONTRACT ON
