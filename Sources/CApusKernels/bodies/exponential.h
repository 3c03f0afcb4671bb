// exp(x) for x in float range, to about 1 ulp, without branches so that the compiler vectorizes loops over it.
// exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; exp(r) by its Taylor polynomial of degree 7
// (remainder below 2^-27). Below -87.3 the result is 0; above 88.3 it stays at exp(88.3); NaN stays NaN.
static inline __attribute__((always_inline)) float exponential(float x) {
  float clamped = x < -87.3f ? -87.3f : x;
  clamped = clamped > 88.3f ? 88.3f : clamped;
  const float magic = 0x1.8p23f; // adding it rounds to an integer, held in the low bits
  float shifted = clamped * 0x1.715476p+0f + magic;
  float n = shifted - magic;
  float r = clamped - n * 0x1.62e4p-1f;
  r = r - n * 0x1.7f7d1cp-20f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  uint32_t bits = apus_float_to_bits(p) + (apus_float_to_bits(shifted) << 23);
  float result = apus_bits_to_float(bits);
  result = x < -87.3f ? 0.0f : result;
  return x != x ? x : result;
}
