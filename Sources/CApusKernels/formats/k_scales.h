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

#ifdef APUS_SIMD
// d * scale and dmin * min of the eight sub-blocks of VF rows, whose quant blocks begin with d, dmin and the 12 bytes.
SIMD void unpack_k_scales(block_rows block, scales *u) {
  vq header[4];
  vq_bytes_at(block, 0, LANES, header);
  vf dmin, d = vf_half_pairs(header[0], &dmin);
  vq a = header[1], b = header[2], c = header[3];
  vq scale[2] = {vq_and(a, 63), vq_or(vq_and(c, 15), vq_and(vq_shr(a, 2), 48))};
  vq min[2] = {vq_and(b, 63), vq_or(vq_and(vq_shr(c, 4), 15), vq_and(vq_shr(b, 2), 48))};
  UNROLL for (int g = 0; g < 8; g++) {
    u->scale[g] = vf_mul(d, vf_from_vi(vi_field(scale[g / 4], 8 * (g % 4), 8)));
    u->min[g] = vf_mul(dmin, vf_from_vi(vi_field(min[g / 4], 8 * (g % 4), 8)));
  }
}
#endif

#endif
