// Every format's name, elements and bytes of a quant block (of one element for dense formats): for programs in C that
// walk all formats.
#include "CApusKernels.h"

#include "formats.h"

static const struct {
  const char *name;
  size_t elements, bytes;
} apus_layouts[APUS_FORMAT_COUNT] = {
    {"f32", 1, sizeof(float)},
    {"f16", 1, sizeof(apus_f16)},
    {"bf16", 1, sizeof(uint16_t)},
#define X(name, elements) {#name, elements, sizeof(apus_##name)},
    APUS_QUANTIZED_FORMATS(X)
#undef X
};
