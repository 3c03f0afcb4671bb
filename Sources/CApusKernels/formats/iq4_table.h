// The sixteen values of IQ4_NL and IQ4_XS: a 4-bit code is an index into this table (ggml's kvalues_iq4nl).
#ifndef APUS_IQ4_TABLE_H
#define APUS_IQ4_TABLE_H

static const int8_t apus_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// The same 128 above, as unsigned bytes.
static const int8_t apus_iq4_above[16] = {1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15};

#endif
