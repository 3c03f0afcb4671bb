// The rest of a level: every format and body in the primitives included before, and the overlay for dispatch.c.

// What unpacking a quant block leaves: scales per sub-block, and what is subtracted.
typedef struct {
  f8 scale, min;    // formats of 32 weights
  float scales[16]; // formats of 256: per sub-block
  f8 mins[2];
} unit;

SIMD void unit_scales16(unit *u, f8 d, f8 low, f8 high) {
  f8_store(u->scales, f8_mul(d, low));
  f8_store(u->scales + 8, f8_mul(d, high));
}
// Codes stand `offset` above their values: subtract offset * scale * sum of activations.
SIMD void unit_offset16(unit *u, float offset) {
  u->mins[0] = f8_mul(f8_splat(offset), f8_load(u->scales));
  u->mins[1] = f8_mul(f8_splat(offset), f8_load(u->scales + 8));
}
SIMD f8 unit_scale16(const unit *u, int group) { return f8_pair(u->scales[2 * group], u->scales[2 * group + 1]); }

// Largest lane.
SIMD float vf_peak(vf a) {
  float lanes[VF];
  vf_store(lanes, a);
  float peak = lanes[0];
  for (int i = 1; i < VF; i++)
    peak = lanes[i] > peak ? lanes[i] : peak;
  return peak;
}

#define APUS_SIMD
#include "../formats/formats.h"

#include "../bodies/elementwise.h"
#include "../bodies/matmul_all.h"
#include "../bodies/matmul_dense.h"
#include "../bodies/quantize.h"
#include "../bodies/attention.h"

void LEVEL(apus_overlay)(apus_kernels *kernels) {
#define X(name, elements) kernels->matmul[APUS_##name] = LEVEL(apus_matmul_##name);
  APUS_QUANTIZED_FORMATS(X)
#undef X
  kernels->matmul[APUS_F32] = LEVEL(apus_matmul_f32);
  kernels->matmul[APUS_F16] = LEVEL(apus_matmul_f16);
  kernels->matmul[APUS_BF16] = LEVEL(apus_matmul_bf16);
  kernels->decode[APUS_F16] = LEVEL(apus_decode_f16);
  kernels->decode[APUS_BF16] = LEVEL(apus_decode_bf16);
  kernels->quantize = LEVEL(apus_quantize);
  kernels->kv_encode[APUS_KV_F16] = LEVEL(apus_kv_encode_f16);
  kernels->kv_encode[APUS_KV_Q8_0] = LEVEL(apus_kv_encode_q8_0);
  kernels->attention[APUS_KV_F16] = LEVEL(apus_attention_f16);
  kernels->attention[APUS_KV_Q8_0] = LEVEL(apus_attention_q8_0);
  kernels->rms_norm = LEVEL(apus_rms_norm);
  kernels->rope_adjacent = LEVEL(apus_rope_adjacent);
  kernels->rope_halves = LEVEL(apus_rope_halves);
  kernels->swiglu = LEVEL(apus_swiglu);
  kernels->add = LEVEL(apus_add);
  kernels->softmax = LEVEL(apus_softmax);
}
