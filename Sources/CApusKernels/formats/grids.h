// The grids of IQ1, IQ2 and IQ3: four or eight weights for each index, as bytes, the first lowest. A weight's size is
// above the middle of what its sign can make of it, so that all codes are unsigned.
#ifndef APUS_GRIDS_H
#define APUS_GRIDS_H

#include <stdint.h>

// What is added to all bytes of a grid.
enum { APUS_MIDDLE_IQ1 = 16, APUS_MIDDLE_IQ2 = 64, APUS_MIDDLE_IQ3_XXS = 64, APUS_MIDDLE_IQ3_S = 16 };

#define APUS_GRID __attribute__((visibility("hidden"), aligned(64))) extern const
APUS_GRID uint64_t apus_grid_iq1[2048]; // eight times the weights of IQ1_S and IQ1_M, without their shift
APUS_GRID uint64_t apus_grid_iq2_xxs[256];
APUS_GRID uint64_t apus_grid_iq2_xs[512];
APUS_GRID uint64_t apus_grid_iq2_s[1024];
APUS_GRID uint32_t apus_grid_iq3_xxs[256];
APUS_GRID uint32_t apus_grid_iq3_s[512];
#undef APUS_GRID

// Byte i of an entry.
static inline int apus_grid_byte(uint64_t entry, int i) { return (int)(entry >> (8 * i) & 255); }

// Eight signs from seven bits: as many are set as make an even number.
static inline uint32_t apus_even_signs(uint32_t seven) { return seven | (uint32_t)__builtin_parity(seven) << 7; }

// -1 where bit i of `signs` is set, else 1.
static inline float apus_sign(uint32_t signs, int i) { return signs >> i & 1 ? -1 : 1; }

#endif
