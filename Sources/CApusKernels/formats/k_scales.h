// The 6-bit scales and mins of Q4_K and Q5_K: eight of each in 12 bytes.
// Sub-blocks 0-3: low six bits of bytes 0-3 (scales) and 4-7 (mins). Sub-blocks 4-7: low four bits from the low
// (scales) and high (mins) nibbles of bytes 8-11, upper two bits from the top of bytes 0-3 and 4-7.
#ifndef APUS_K_SCALES_H
#define APUS_K_SCALES_H

static inline void apus_k_scales(const uint8_t *packed, uint8_t *scales, uint8_t *mins) {
  uint32_t a, b, c;
  memcpy(&a, packed, 4);
  memcpy(&b, packed + 4, 4);
  memcpy(&c, packed + 8, 4);
  uint32_t words[4] = {
      a & 0x3f3f3f3f,
      (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030),
      b & 0x3f3f3f3f,
      (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030),
  };
  memcpy(scales, words, 8);
  memcpy(mins, words + 2, 8);
}

#endif
