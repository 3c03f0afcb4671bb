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

static void LEVEL(apus_quantize)(const float *x, size_t k, int8_t *codes, float *scales, float *sums16,
                                 float *sums32) {
  for (size_t b = 0; b < k / 32; b++, x += 32, codes += 32, scales += 8) {
    uint32_t largest = 0, packed[8];
    float sums[8];
    for (int g = 0; g < 8; g++) {
      const float x0 = x[4 * g], x1 = x[4 * g + 1], x2 = x[4 * g + 2], x3 = x[4 * g + 3];
      const uint32_t magnitude =
          larger(larger(magnitude_of(x0), magnitude_of(x1)), larger(magnitude_of(x2), magnitude_of(x3)));
      const float peak = peak_from(magnitude), inverse = inverse_of(peak);
      const int32_t c0 = code_of(x0, inverse), c1 = code_of(x1, inverse), c2 = code_of(x2, inverse),
                    c3 = code_of(x3, inverse);
      largest = larger(largest, magnitude);
      packed[g] = (uint32_t)(c0 & 255) | (uint32_t)(c1 & 255) << 8 | (uint32_t)(c2 & 255) << 16 | (uint32_t)c3 << 24;
      scales[g] = peak * (1.0f / 127);
      sums[g] = scales[g] * (float)(c0 + c1 + c2 + c3);
    }
    if (largest >= 0x7f800000)
      for (int g = 0; g < 8; g++) {
        packed[g] = 0;
        sums[g] = scales[g] = __builtin_nanf("");
      }
    memcpy(codes, packed, 32);
    sums16[2 * b] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    sums16[2 * b + 1] = (sums[4] + sums[5]) + (sums[6] + sums[7]);
    sums32[b] = sums16[2 * b] + sums16[2 * b + 1];
  }
}

static void LEVEL(apus_kv_encode_q8_0)(const float *x, size_t count, void *destination) {
  apus_q8_0 *b = destination;
  for (size_t i = 0; i < count / 32; i++, x += 32) {
    uint32_t largest = 0;
    for (int j = 0; j < 32; j++)
      largest = larger(largest, magnitude_of(x[j]));
    const int is_finite = largest < 0x7f800000;
    const float peak = peak_from(largest), inverse = is_finite ? inverse_of(peak) : 0;
    for (int j = 0; j < 32; j++)
      b[i].codes[j] = is_finite ? (int8_t)code_of(x[j], inverse) : 0;
    b[i].d = apus_float_to_f16(is_finite ? peak * (1.0f / 127) : __builtin_nanf(""));
  }
}

#pragma STDC FP_CONTRACT ON
