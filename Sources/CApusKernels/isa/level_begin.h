// Opens one level of kernels. An ISA file defines APUS_ISA, opens its target region, includes this file, its
// primitives, and level.h.
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define CAT3_(a, b, c) a##b##c
#define CAT3(a, b, c) CAT3_(a, b, c)
#define LEVEL(name) CAT3(name, __, APUS_ISA)
#define SIMD static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float four __attribute__((vector_size(16)));

// How 16 bytes of VF rows lie in four vectors. LANES: vector j has bytes 4j...4j+3 of every row, in its row's lane; what
// all levels have. ROWS: as they come from memory, a level's own order. IN_PLACE: as LANES, but codes may stay at
// their bits of a byte, see places. IN_NIBBLE: the same, as far as they are in the lower half of a byte.
enum { LANES, ROWS, IN_PLACE, IN_NIBBLE };
