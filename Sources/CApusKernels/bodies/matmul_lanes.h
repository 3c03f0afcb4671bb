// Formats with a scale for 32 weights (lanes) or for 16 (split) whose codes are a lot of work to unpack: as blocks, but
// one token takes them as many tokens do, so that a level needs nothing more for them.

typedef blocks_unpacked lanes_unpacked, split_unpacked;
typedef blocks_scales lanes_scales, lanes_scales_one, split_scales, split_scales_one;
#define lanes_prepare blocks_prepare
#define lanes_prepare_one blocks_prepare
#define lanes_operands blocks_operands
#define lanes_starts blocks_starts
#define lanes_tokens blocks_tokens
#define lanes_accumulate blocks_accumulate
#define split_prepare blocks_prepare
#define split_prepare_one blocks_prepare
#define split_operands blocks_operands
#define split_starts blocks_starts
#define split_tokens blocks_tokens
#define split_accumulate blocks_accumulate
#define split_accumulate_one lanes_accumulate_one

SIMD void lanes_accumulate_one(const vq *codes, places at, const scales *u, size_t g, block_of_a a, const int BITS,
                               const int SUBTRACT, vf *acc) {
  (void)at;
  vq operands[VQ_OPERANDS];
  int32_t start;
  blocks_starts(a.offsets, a.sums16, 1, BITS, SUBTRACT, &start);
  a.starts = &start;
  blocks_operands(codes, u, g, BITS, SUBTRACT, operands);
  blocks_accumulate(operands, u, g, a, BITS, SUBTRACT, 1, 1, acc);
}

// Groups for 32 activations: with a scale for 16 weights two, and in each of them the other 16 codes count for nothing.
enum { blocks_share = 1, halves_share = 1, lanes_share = 1, split_share = 2 };
enum { lanes_layout_one = LANES, split_layout_one = LANES };
