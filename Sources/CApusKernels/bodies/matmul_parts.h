// What the matmuls of all quantized formats share.

// X(T, CACHE) for every loop that a few tokens may take: their number, and the cache that they ask for rows in. Each is
// a function of its own (APART), as a compiler takes two to three times as long over one that holds them all.
#define FEW_TOKENS(X)                                                                                                \
  X(1, NEAR) X(2, NEAR) X(1, FAR) X(2, FAR) X(3, FAR) X(4, FAR) X(5, FAR) X(6, FAR) X(7, FAR) X(8, FAR)

// Scales and mins of VF rows' quant blocks with a scale for 32 weights: weight = scale * (code - offset) - min.
typedef struct {
  vf scale[8];
  vf min[8];
} scales;

// The same quant block of VF rows. Where small blocks are read as strips of several, `rows` are at the strip, and the
// block `at` bytes from there; else `at` is ALONE.
typedef struct {
  rows rows;
  int at;
} block_rows;
enum { ALONE = -1 };

// The 16 bytes of every row that begin at `from`, a multiple of 16, in a strip: they come as one piece, and what
// belongs to two blocks is read once.
SIMD void strip_piece(block_rows b, int from, vq *words) { vq_bytes(rows_on(b.rows, (size_t)from), LANES, words); }

// Whether T tokens take small blocks in strips. Those of a token alone lie as LAYOUT says; counts that are no power of
// two do without: their gain does not pay for the time that unrolled strips take to compile.
SIMD int has_strips(const int T, const int LAYOUT) { return T == 1 ? LAYOUT != ROWS : (T & (T - 1)) == 0; }

// 16 bytes of every row's block, from `offset` on, an even number.
SIMD void vq_bytes_at(block_rows b, size_t offset, const int LAYOUT, vq *bytes) {
  if (b.at == ALONE)
    return vq_bytes(rows_on(b.rows, offset), LAYOUT, bytes);
  vq words[8];
  const int from = b.at + (int)offset, within = from % 16;
  strip_piece(b, from - within, words);
  if (within > 0)
    strip_piece(b, from - within + 16, words + 4);
  UNROLL for (int j = 0; j < 4; j++) {
    const vq *word = words + within / 4 + j;
    bytes[j] = within % 4 > 0 ? vq_join(word[0], word[1]) : word[0];
  }
}

// 4 bytes of every row's block.
SIMD vq vq_words_at(block_rows b, size_t offset) {
  if (b.at == ALONE)
    return vq_words(rows_on(b.rows, offset));
  vq bytes[4];
  vq_bytes_at(b, offset, LANES, bytes);
  return bytes[0];
}

// A half of every row's block, as floats.
SIMD vf vf_halves_at(block_rows b, size_t offset) {
  if (b.at == ALONE)
    return vf_halves(rows_on(b.rows, offset));
  vq words[4];
  const int from = b.at + (int)offset;
  strip_piece(b, from / 16 * 16, words);
  vf second, first = vf_half_pairs(words[from % 16 / 4], &second);
  return from % 4 > 0 ? second : first;
}

// The bit of a byte at which LAYOUT wants a field that is at bit AT.
SIMD int place_of(const int AT, const int LAYOUT) {
  return LAYOUT == IN_PLACE ? AT : LAYOUT == IN_NIBBLE ? AT % 4 : 0;
}

// BITS bits of every byte from bit AT on, moved to where LAYOUT wants them.
SIMD vq vq_field(vq bytes, const int AT, const int BITS, const int LAYOUT) {
  const int place = place_of(AT, LAYOUT);
  return vq_and(vq_shr(bytes, AT - place), ((1 << BITS) - 1) << place);
}

// 16 bytes of every row have 32 codes: HALF 0 is their low nibbles, 1 the high ones. Returns where the codes begin.
SIMD int vq_nibbles_at(block_rows b, size_t offset, const int HALF, const int LAYOUT, vq *codes) {
  vq_bytes_at(b, offset, LAYOUT, codes);
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_field(codes[j], 4 * HALF, 4, LAYOUT);
  return place_of(4 * HALF, LAYOUT);
}

// The layout for codes that have to begin at bit 0.
SIMD int moved_down(const int LAYOUT) { return LAYOUT == IN_PLACE ? LANES : LAYOUT; }

// One block of 32 activations of consecutive tokens, see apus_activations.
typedef struct {
  const int8_t *codes;
  const float *scales, *sums32;
  const int16_t *sums16;
  const int32_t *offsets;
  const int32_t *starts; // of sums, made for many tokens only: for all codes, or both halves, APUS_CHUNK_TOKENS_MAX apart
} block_of_a;

// The blocks of 32 of `x` from its first token on.
SIMD block_of_a first_block(const apus_activations *x) {
  return (block_of_a){x->codes, x->scales, x->sums32, x->sums16, x->offsets, x->offsets};
}

SIMD block_of_a block_at_token(block_of_a a, size_t t) {
  return (block_of_a){a.codes + 32 * t, a.scales + t, a.sums32 + t, a.sums16 + 2 * t, a.offsets + t,
                      a.starts + t};
}

// The activations from token `first` on, the first of a chunk.
SIMD apus_activations chunk_at(const apus_activations *x, size_t first, size_t k) {
  return (apus_activations){x->values, x->codes + first * k, x->scales + first * (k / 32),
                            x->sums16 + first * (k / 16), x->sums32 + first * (k / 32),
                            x->offsets + first * (k / 32)};
}

// Rows that are computed together: `vectors` times VF, of which `count` from `lane` on are wanted.
typedef struct {
  const uint8_t *weights;
  size_t stride;
  int vectors;
  size_t lane;
  size_t count;
} row_group;

// Vectors of rows to compute together with many tokens: two share what is loaded of the activations, if the first-level
// cache has room for the sums, 32 KiB with 512 bits.
SIMD int vectors_of(const apus_matmul_args *args) { return VF <= 8 || args->core.large_l1 ? VECTORS : 1; }

// The group that begins with `row`. Where fewer than VF rows are left it reaches back to rows before; a matrix
// of fewer rows than VF has all lanes on one row.
SIMD row_group row_group_at(const apus_matmul_args *args, size_t row, size_t end, int vectors) {
  const uint8_t *weights = (const uint8_t *)args->weights + row * args->row_bytes;
  const size_t left = end - row;
  if (left >= (size_t)vectors * VF)
    return (row_group){weights, args->row_bytes, vectors, 0, (size_t)vectors * VF};
  if (left >= VF)
    return (row_group){weights, args->row_bytes, 1, 0, VF};
  if (end >= VF)
    return (row_group){weights - (VF - left) * args->row_bytes, args->row_bytes, 1, VF - left, left};
  return (row_group){weights, 0, 1, 0, 1};
}

SIMD void store_group(const apus_matmul_args *args, const row_group *group, size_t row, size_t first, size_t width,
                      const vf *acc) {
  for (size_t t = 0; t < width; t++) {
    float *y = args->y + (first + t) * args->y_stride + row;
    if (group->count >= VF) {
      for (int v = 0; v < group->vectors; v++)
        vf_store(y + v * VF, acc[v * APUS_CHUNK_TOKENS_MAX + t]);
    } else {
      float lanes[VF];
      vf_store(lanes, acc[t]);
      memcpy(y, lanes + group->lane, group->count * sizeof(float));
    }
  }
}
