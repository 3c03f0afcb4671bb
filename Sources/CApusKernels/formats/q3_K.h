// Q3_K: 256 weights in 110 bytes, 16 sub-blocks of 16. weight = d * (scale - 32) * (code - 4), code 0...7.
// The low two bits of a code lie as in Q2_K; the third bit of weight i is bit i / 32 of high[i % 32].
// Scales have 6 bits: sub-blocks 0-7 the low nibbles and 8-15 the high nibbles of bytes 0-7; the upper two bits of
// sub-block 4s + t are bits 2s, 2s+1 of byte 8 + t.
typedef struct {
  uint8_t high[32];
  uint8_t codes[64];
  uint8_t scales[12];
  apus_f16 d;
} apus_q3_K;
_Static_assert(sizeof(apus_q3_K) == 110, "Q3_K quant block");

static inline int apus_scale_q3_K(const apus_q3_K *b, int sub) {
  int low = b->scales[sub % 8] >> (sub / 8 * 4) & 15;
  int upper = b->scales[8 + sub % 4] >> (sub / 4 * 2) & 3;
  return (low | upper << 4) - 32;
}

static inline void apus_decode_block_q3_K(const apus_q3_K *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    int group = i / 32;
    int code = (b->codes[32 * (group / 4) + i % 32] >> (2 * (group % 4)) & 3) | (b->high[i % 32] >> group & 1) << 2;
    w[i] = d * (float)apus_scale_q3_K(b, i / 16) * (float)(code - 4);
  }
}

static inline int apus_is_finite_q3_K(const apus_q3_K *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q3_K = 8, bits_q3_K = 3, halves_q3_K = 1, mins_q3_K = 1 };
SIMD void unpack_q3_K(const uint8_t *b, size_t stride, unit *u) {
  vf d = vf_halves(b + offsetof(apus_q3_K, d), stride);
  vq low[2] = {vq_words(b + offsetof(apus_q3_K, scales), stride), vq_words(b + offsetof(apus_q3_K, scales) + 4, stride)};
  vq upper = vq_words(b + offsetof(apus_q3_K, scales) + 8, stride);
  UNROLL for (int i = 0; i < 16; i++) {
    vi scale = vi_or(vi_field(low[i / 4 % 2], 8 * (i % 4) + i / 8 * 4, 4),
                     vi_shl(vi_field(upper, 8 * (i % 4) + i / 4 * 2, 2), 4));
    u->scales[i] = vf_mul(d, vf_from_vi(vi_add(scale, -32)));
    u->mins[i] = vf_mul(vf_splat(4), u->scales[i]);
  }
  UNROLL for (int part = 0; part < 4; part++) { // halves of 128 weights, and 16 bytes of their 32
    const int half = part / 2, first = part % 2;
    vq bytes[4], high[4];
    vq_bytes(b + offsetof(apus_q3_K, codes) + 16 * part, stride, bytes);
    vq_bytes(b + offsetof(apus_q3_K, high) + 16 * first, stride, high);
    vq *codes = u->codes + 32 * half + 4 * first;
    UNROLL for (int i = 0; i < 16; i++)
      codes[8 * (i / 4) + i % 4] = vq_or(vq_and(vq_shr(bytes[i % 4], 2 * (i / 4)), 3),
                                         vq_and(vq_to_bit(high[i % 4], 4 * half + i / 4, 2), 4));
  }
}
#endif
