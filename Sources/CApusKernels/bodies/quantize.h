// Rounds values to int8: scale = max|x| / 127, code = round(x / scale), ties to even. All levels give the same bits,
// so products and sums must not be fused. Where one of 32 values is NaN or infinite, so are all their scales: it
// shows in the results. The loops have no branches, so that the compiler vectorizes them.
#pragma STDC FP_CONTRACT OFF

// |x| as bits: magnitudes compare as integers do, and NaN and infinity are the largest.
SIMD uint32_t magnitude_of(float x) { return apus_float_to_bits(x) & 0x7fffffff; }

SIMD uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

// A magnitude as a float; 0 where it is too small to divide by.
SIMD float peak_from(uint32_t magnitude) {
  float peak = apus_bits_to_float(magnitude);
  return peak > 1e-30f ? peak : 0;
}

SIMD float inverse_of(float peak) {
  float inverse = 127 / peak;
  return peak > 0 ? inverse : 0;
}

// x * inverse to the nearest integer: adding 1.5 * 2^23 leaves it in the low bits.
SIMD int32_t code_of(float x, float inverse) {
  return (int32_t)(apus_float_to_bits(x * inverse + 0x1.8p23f) - apus_float_to_bits(0x1.8p23f));
}

// Rounds 32 values; leaves the sum of each half's codes in sums. Returns the scale.
SIMD float round_block(const float *x, int8_t *codes, int32_t *sums) {
  uint32_t largest = 0;
  for (int j = 0; j < 32; j++)
    largest = larger(largest, magnitude_of(x[j]));
  const int is_finite = largest < 0x7f800000;
  const float peak = peak_from(largest), inverse = is_finite ? inverse_of(peak) : 0;
  int32_t rounded[32];
  for (int j = 0; j < 32; j++)
    rounded[j] = is_finite ? code_of(x[j], inverse) : 0;
  sums[0] = sums[1] = 0;
  for (int j = 0; j < 16; j++) {
    sums[0] += rounded[j];
    sums[1] += rounded[16 + j];
  }
  for (int j = 0; j < 32; j++)
    codes[j] = (int8_t)rounded[j];
  return is_finite ? peak * (1.0f / 127) : __builtin_nanf("");
}

static void LEVEL(apus_quantize)(const float *x, size_t k, size_t width, int8_t *codes, float *scales, int16_t *sums16,
                                 float *sums32, int32_t *offsets) {
  for (size_t b = 0; b < k / 32; b++) {
    int32_t sums[2];
    const float scale = round_block(x + 32 * b, codes + 32 * b * width, sums);
    scales[b * width] = scale;
    sums16[2 * b * width] = (int16_t)sums[0];
    sums16[2 * b * width + 1] = (int16_t)sums[1];
    sums32[b * width] = scale * (float)(sums[0] + sums[1]);
    offsets[b * width] = 128 * (sums[0] + sums[1]);
  }
}

#pragma STDC FP_CONTRACT ON
