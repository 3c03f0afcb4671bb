// Q8_0: 32 weights in 34 bytes. weight = d * code, code -128...127.
typedef struct {
  apus_f16 d;
  int8_t codes[32];
} apus_q8_0;
_Static_assert(sizeof(apus_q8_0) == 34, "Q8_0 quant block");

static inline void apus_decode_block_q8_0(const apus_q8_0 *b, float *w) {
  float d = apus_f16_to_float(b->d);
  for (int j = 0; j < 32; j++)
    w[j] = (float)b->codes[j] * d;
}

static inline int apus_is_finite_q8_0(const apus_q8_0 *b) { return apus_f16_is_finite(b->d); }

#ifdef APUS_SIMD
enum { groups_q8_0 = 1, is_signed_q8_0 = 1, mins_q8_0 = MIN_NONE };
SIMD void unpack_q8_0(const apus_q8_0 *b, unit *u) { u->scale = f8_splat_f16(&b->d); }
SIMD v32 codes_q8_0(const apus_q8_0 *b, int group) { return v32_load(b->codes); }
SIMD f8 scale_q8_0(const unit *u, int group) { return u->scale; }
#endif
