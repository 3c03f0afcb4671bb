// The rest of a level: every format and body in the primitives included before, and the overlay for dispatch.c.

// Largest lane.
SIMD float vf_peak(vf a) {
  float lanes[VF];
  vf_store(lanes, a);
  UNROLL for (int half = VF / 2; half > 0; half /= 2)
    UNROLL for (int i = 0; i < half; i++) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  return lanes[0];
}

#include "../bodies/prefetch.h"
#include "../bodies/matmul_parts.h"
#include "../bodies/matmul_grids.h"
#define APUS_SIMD
#include "../formats/formats.h"

#include "../bodies/exponential.h"
#include "../bodies/activations.h"
#include "../bodies/elementwise.h"
#include "../bodies/matmul_all.h"
#include "../bodies/matmul_dense.h"
#include "../bodies/quantize.h"
#include "../bodies/kv_store.h"
#include "../bodies/attention.h"

void LEVEL(apus_overlay)(apus_kernels *kernels) {
#define X(name, elements) kernels->matmul[APUS_##name] = LEVEL(apus_matmul_##name);
  APUS_QUANTIZED_FORMATS(X)
#undef X
  kernels->matmul[APUS_F32] = LEVEL(apus_matmul_f32);
  kernels->matmul[APUS_F16] = LEVEL(apus_matmul_f16);
  kernels->matmul[APUS_BF16] = LEVEL(apus_matmul_bf16);
  kernels->decode[APUS_F32] = LEVEL(apus_decode_f32);
  kernels->decode[APUS_F16] = LEVEL(apus_decode_f16);
  kernels->decode[APUS_BF16] = LEVEL(apus_decode_bf16);
  kernels->quantize = LEVEL(apus_quantize);
  kernels->store_key[APUS_KV_F16] = LEVEL(apus_store_key_f16);
  kernels->store_key[APUS_KV_Q8_0] = LEVEL(apus_store_key_q8_0);
  kernels->store_key[APUS_KV_F32] = LEVEL(apus_store_key_f32);
  kernels->store_value[APUS_KV_F16] = LEVEL(apus_store_value_f16);
  kernels->store_value[APUS_KV_Q8_0] = LEVEL(apus_store_value_q8_0);
  kernels->store_value[APUS_KV_F32] = LEVEL(apus_store_value_f32);
  kernels->attention[APUS_KV_F16] = LEVEL(apus_attention_f16);
  kernels->attention[APUS_KV_Q8_0] = LEVEL(apus_attention_q8_0);
  kernels->attention[APUS_KV_F32] = LEVEL(apus_attention_f32);
  kernels->attention_merge = LEVEL(apus_attention_merge);
  kernels->attention_finish = LEVEL(apus_attention_finish);
  kernels->softmax = LEVEL(apus_softmax);
  kernels->rms_norm = LEVEL(apus_rms_norm);
  kernels->layer_norm = LEVEL(apus_layer_norm);
  kernels->rope_adjacent = LEVEL(apus_rope_adjacent);
  kernels->rope_split = LEVEL(apus_rope_split);
  kernels->add = LEVEL(apus_add);
  kernels->add_scaled = LEVEL(apus_add_scaled);
  kernels->scale = LEVEL(apus_scale);
  kernels->cap = LEVEL(apus_cap);
#define X(name)                                                                                                      \
  kernels->activate[APUS_##name] = LEVEL(apus_activate_##name);                                                      \
  kernels->gate[APUS_##name] = LEVEL(apus_gate_##name);
  APUS_ACTIVATIONS(X)
#undef X
  kernels->gate[APUS_clamped_swish] = LEVEL(apus_gate_clamped_swish);
}
