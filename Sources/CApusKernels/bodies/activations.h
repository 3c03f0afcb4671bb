// Functions of one value, without branches so that the compiler vectorizes loops over them. NaN stays NaN. Where a
// formula takes exp of a product, what the product's rounding lost goes in as a factor: else it would grow with it.

// A float and what rounding took from it.
typedef struct {
  float value, rest;
} precise;

SIMD precise precise_product(float a, float b) {
  const float value = a * b;
  return (precise){value, __builtin_fmaf(a, b, -value)};
}

// (Knuth's two-sum.)
SIMD precise precise_sum(float a, float b) {
  const float value = a + b, from_b = value - a;
  return (precise){value, (a - (value - from_b)) + (b - from_b)};
}

SIMD float between(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// 1 / (1 + exp(-x))
SIMD float logistic(precise x) { return 1 / (1 + exponential(-x.value) * (1 - x.rest)); }

// tanh to 2 ulp: for small x an odd polynomial of degree 11 (fitted for least relative error, 4.4e-9), which keeps the
// relative error where 1 - 2 / (exp(2x) + 1) would cancel.
SIMD float tangent(float x) {
  const float size = __builtin_fabsf(x), square = x * x;
  float p = -0.005704986862838268f;
  p = p * square + 0.02063908614218235f;
  p = p * square - 0.05373971536755562f;
  p = p * square + 0.13331441581249237f;
  p = p * square - 0.3333328068256378f;
  const float large = __builtin_copysignf(1 - 2 / (exponential(2 * size) + 1), x);
  return size < 0.625f ? x + x * (square * p) : large;
}

SIMD float silu(float x) { return x / (1 + exponential(-x)); }

SIMD float sigmoid(float x) { return logistic((precise){x, 0}); }

SIMD float squared_relu(float x) { return x < 0 ? 0 : x * x; }

// x * (1 + tanh(u)) / 2 with u = sqrt(2 / pi) * (x + 0.044715 * x^3), where (1 + tanh(u)) / 2 = logistic(2u): to 4 ulp.
// 2u = x * (1.5957691... + 0.0713548... * x^2). Beyond 20 the result is x, or 0 to float's last digit.
SIMD float gelu(float x) {
  const float one = 0x1.988454p+0f, one_rest = -0x1.857936p-25f;
  const float cube = 0x1.2444f2p-4f, cube_rest = 2.39883e-9f;
  const float near = between(x, -20, 20);
  const precise square = precise_product(near, near), cubed = precise_product(cube, square.value);
  const precise slope = precise_sum(cubed.value, one);
  const float slope_rest = slope.rest + (cubed.rest + (cube * square.rest + (cube_rest * square.value + one_rest)));
  precise twice = precise_product(near, slope.value);
  twice.rest += near * slope_rest;
  return x * logistic(twice);
}

// x * P(x) with the normal distribution P: to 4e-7 of the result. The tail P(-|x|) = exp(-x^2 / 2) * t * p(t) / 2 with
// t = 1 / (1 + 0.4 z), z = |x| / sqrt(2), where t * p(t) is exp(z^2) * erfc(z): fitted for least relative error
// (6.7e-9) for z up to 9.5, beyond which the tail is 0 to float's last digit.
SIMD float gelu_erf(float x) {
  const float near = between(x, -13.4f, 13.4f), size = __builtin_fabsf(near);
  const precise square = precise_product(near, near);
  const float t = 1 / (1 + size * (0.4f * 0x1.6a09e6p-1f));
  float p = -0.030595216900110245f;
  p = p * t + 0.20347456634044647f;
  p = p * t - 0.5117217302322388f;
  p = p * t + 0.5647546648979187f;
  p = p * t - 0.2988676428794861f;
  p = p * t + 0.27990859746932983f;
  p = p * t + 0.12694543600082397f;
  p = p * t + 0.21551060676574707f;
  p = p * t + 0.22488006949424744f;
  p = p * t + 0.2257106602191925f;
  const float tail = exponential(-0.5f * square.value) * (1 - 0.5f * square.rest) * (0.5f * t * p);
  return x * (x < 0 ? tail : 1 - tail);
}

// gpt-oss: g / (1 + exp(-1.702 g)) * (u + 1).
SIMD float clamped_swish(float gate, float up) {
  const float g = gate > 7 ? 7 : gate, slope = 1.702f, slope_rest = (float)(1.702 - (double)1.702f);
  precise x = precise_product(g, slope);
  x.rest += g * slope_rest;
  return g * logistic(x) * (between(up, -7, 7) + 1);
}
