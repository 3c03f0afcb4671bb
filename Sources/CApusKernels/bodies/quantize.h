// Rounds activations to int8 in blocks of 32: scale = max|x| / 127, code = round(x / scale), ties to even.
// All levels give the same bits. A block with a NaN or infinity gets that as its scale: it shows in the results.
static void LEVEL(apus_quantize)(const float *x, size_t k, int8_t *codes, float *scales, float *sums16,
                                 float *sums32) {
  for (size_t b = 0; b < k / 32; b++, x += 32, codes += 32) {
    float peak = 0, poison = 0;
    for (int i = 0; i < 32; i++) {
      float magnitude = x[i] < 0 ? -x[i] : x[i];
      peak = magnitude > peak ? magnitude : peak;
      poison += x[i] * 0;
    }
    float scale = poison == 0 ? peak * (1.0f / 127) : poison;
    float inverse = poison == 0 && peak > 1e-30f ? 127 / peak : 0;
    int32_t first = 0, second = 0;
    for (int i = 0; i < 32; i++) {
      float scaled = poison == 0 ? x[i] * inverse : 0;
      int32_t code = (int32_t)(scaled + 0x1.8p23f - 0x1.8p23f); // rounds to nearest even
      codes[i] = (int8_t)code;
      first += i < 16 ? code : 0;
      second += i < 16 ? 0 : code;
    }
    scales[b] = inverse == 0 && poison == 0 ? 0 : scale;
    sums16[2 * b] = scales[b] * (float)first;
    sums16[2 * b + 1] = scales[b] * (float)second;
    sums32[b] = scales[b] * (float)(first + second);
  }
}
