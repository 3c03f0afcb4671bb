// The sixteen values of IQ4_NL and IQ4_XS: a 4-bit code is an index into this table (ggml's kvalues_iq4nl).
#ifndef APUS_IQ4_TABLE_H
#define APUS_IQ4_TABLE_H

static const int8_t apus_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

#endif
