// What a format takes off products of its codes, if it is not an offset of the codes, a power of two up to 128.
enum { MINS = -1, NOTHING = 0 };

// Bits of their bytes at which the codes of both halves of 32 weights begin.
typedef struct {
  int low, high;
} places;

// What the offset makes in the products of 32 codes with the activations of a token, whose sum times 128 is `sum`.
SIMD int offset_products(int32_t sum, const int OFFSET) { return OFFSET > 0 ? sum >> __builtin_ctz(128 / OFFSET) : 0; }

// What sums of products begin with, for each of `width` tokens, so that their codes count without the offset.
SIMD void starts_from(const int32_t *offsets, size_t width, const int OFFSET, int32_t *starts) {
  for (size_t t = 0; t < width; t++)
    starts[t] = -offset_products(offsets[t], OFFSET);
}
