// TQ2_0: 256 weights in 66 bytes. weight = d * (code - 1), code 0...2 (3 can be written). Codes lie as in Q2_K.
typedef struct {
  uint8_t codes[64];
  apus_f16 d;
} apus_tq2_0;
_Static_assert(sizeof(apus_tq2_0) == 66, "TQ2_0 quant block");

static inline void apus_decode_block_tq2_0(const apus_tq2_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int i = 0; i < 256; i++) {
    int group = i / 32;
    w[i] = d * (float)((b->codes[32 * (group / 4) + i % 32] >> (2 * (group % 4)) & 3) - 1);
  }
}

static inline int apus_is_finite_tq2_0(const apus_tq2_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_tq2_0 = 8, strip_tq2_0 = 1, span_tq2_0 = 4, few_tq2_0 = 1, bits_tq2_0 = 2, subtract_tq2_0 = 1 };
SIMD void scales_tq2_0(block_rows b, scales *u) {
  const vf d = vf_halves_at(b, offsetof(apus_tq2_0, d));
  UNROLL for (int g = 0; g < 8; g++) u->scale[g] = d;
}
SIMD int codes_tq2_0(block_rows b, size_t first, const int g, const int half, const int LAYOUT, vq *codes) {
  vq_bytes_at(b, offsetof(apus_tq2_0, codes) + 8 * first + 16 * half, LAYOUT, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_field(codes[j], 2 * g, 2, moved_down(LAYOUT));
  return 0;
}
#endif
