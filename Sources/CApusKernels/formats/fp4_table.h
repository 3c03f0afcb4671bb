// The sixteen values of MXFP4 and NVFP4: a 4-bit code is a float of two exponent bits and one of fraction (E2M1 of the OCP
// Microscaling specification). They are doubled here, so that they are whole.
#ifndef APUS_FP4_TABLE_H
#define APUS_FP4_TABLE_H

enum { APUS_MIDDLE_FP4 = 16 };
static const int8_t apus_fp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
// The same APUS_MIDDLE_FP4 above.
static const int8_t apus_fp4_above[16] = {16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4};

#endif
