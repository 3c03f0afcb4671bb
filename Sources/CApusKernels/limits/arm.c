#include "loops.h"

#if defined(__aarch64__)
#include <arm_neon.h>

APUS_LOOP(int8_sdot, "dotprod", int32x4_t, "w", vdupq_n_s32(0), vdupq_n_s32(0x03030303), vdupq_n_s32(0x01010101),
          vdotq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
APUS_LOOP(int8_smmla, "i8mm", int32x4_t, "w", vdupq_n_s32(0), vdupq_n_s32(0x03030303), vdupq_n_s32(0x01010101),
          vmmlaq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
APUS_LOOP(float_fmla, "neon", float32x4_t, "w", vdupq_n_f32(0), vdupq_n_f32(1), vdupq_n_f32(1e-9f),
          vfmaq_f32(sum, a, b))

const apus_loop apus_loops[] = {
    {"sdot", APUS_LOOP_INT8, APUS_CPU_DOTPROD, 32, int8_sdot},
    {"smmla", APUS_LOOP_INT8, APUS_CPU_I8MM, 64, int8_smmla},
    {"fmla", APUS_LOOP_FLOAT, 0, 8, float_fmla},
};
const size_t apus_loops_count = sizeof apus_loops / sizeof apus_loops[0];
#endif
