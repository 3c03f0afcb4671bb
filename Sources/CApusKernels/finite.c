// Which weights are no finite numbers, of every format; the same at every level.
#include "CApusKernels.h"
#include "formats/formats.h"

size_t apus_first_nonfinite(apus_format format, const void *row, size_t blocks) {
  size_t i = 0;
  switch (format) {
  case APUS_F32:
    while (i < blocks && (apus_float_to_bits(((const float *)row)[i]) & 0x7f800000) != 0x7f800000)
      i++;
    return i;
  case APUS_F16:
    while (i < blocks && apus_f16_is_finite(((const apus_f16 *)row)[i]))
      i++;
    return i;
  case APUS_BF16:
    while (i < blocks && (((const uint16_t *)row)[i] & 0x7f80) != 0x7f80)
      i++;
    return i;
#define X(name, elements)                                                                                            \
  case APUS_##name:                                                                                                  \
    while (i < blocks && apus_is_finite_##name((const apus_##name *)row + i))                                        \
      i++;                                                                                                           \
    return i;
  APUS_QUANTIZED_FORMATS(X)
#undef X
  case APUS_FORMAT_COUNT:
    break;
  }
  return blocks;
}
