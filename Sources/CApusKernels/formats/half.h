// Half precision by its bits (IEEE 754 binary16) and bfloat16, for code that has no instruction for it.
#ifndef APUS_HALF_H
#define APUS_HALF_H

#include <stdint.h>
#include <string.h>

typedef uint16_t apus_f16;

static inline float apus_bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t apus_float_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float apus_f16_to_float(apus_f16 half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 31;
  uint32_t fraction = half & 1023;
  if (exponent == 31)
    return apus_bits_to_float(sign | 0x7f800000 | fraction << 13);
  if (exponent != 0)
    return apus_bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
  float magnitude = (float)fraction * 0x1p-24f; // zero and subnormals are exact
  return apus_bits_to_float(sign | apus_float_to_bits(magnitude));
}

// Rounds to nearest, ties to even.
static inline apus_f16 apus_float_to_f16(float value) {
  uint32_t bits = apus_float_to_bits(value);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) // infinity, NaN (kept quiet)
    return (uint16_t)(sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 | (magnitude >> 13 & 0x3ff) : 0));
  if (magnitude >= 0x477ff000) // rounds to 65536 or more
    return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x38800000) { // below 2^-14: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits
    float shifted = apus_bits_to_float(magnitude) + 0.5f;
    return (uint16_t)(sign | (apus_float_to_bits(shifted) - 0x3f000000));
  }
  uint32_t odd = magnitude >> 13 & 1;
  return (uint16_t)(sign | (magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

static inline float apus_bf16_to_float(uint16_t value) { return apus_bits_to_float((uint32_t)value << 16); }

static inline int apus_f16_is_finite(apus_f16 half) { return (half & 0x7c00) != 0x7c00; }

#endif
