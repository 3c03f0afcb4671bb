// y = x . w^T for one quantized format, named by APUS_FORMAT, of the kind APUS_KIND (blocks, halves, lanes, split):
// included once per format.
//
// VF rows are taken at once, a lane for each: their quant blocks are unpacked to registers that hold four codes of
// every row, so a product needs no sum across lanes, and the unpacked codes serve all tokens of a chunk.
// For every (row, token) there is one accumulator, to which blocks of 32 are added in order: a result never depends
// on what else is computed with it.

#define OF_FORMAT(name) CAT3(name, _, APUS_FORMAT)
#define OF_KIND(name) CAT3(APUS_KIND, _, name)
#define BLOCK_BYTES sizeof(CAT(apus_, APUS_FORMAT))
#define CONSTANTS                                                                                                    \
  enum {                                                                                                             \
    GROUPS = OF_FORMAT(groups),                                                                                      \
    SHARE = OF_KIND(share),                                                                                          \
    FEW = (int)OF_FORMAT(few) < (int)TOKENS ? (int)OF_FORMAT(few) : (int)TOKENS,                                     \
    SPAN = OF_FORMAT(span),                                                                                          \
    BITS = OF_FORMAT(bits),                                                                                          \
    GROUP_BYTES = VF * BLOCK_BYTES / GROUPS,                                                                         \
    SUBTRACT = OF_FORMAT(subtract)                                                                                   \
  }

// Block i of VF rows with the T tokens of a chunk; one token has a layout and scales of its own.
SIMD void OF_FORMAT(block)(block_rows block, size_t i, const block_of_a a, const upcoming *next, const int T,
                           const int CACHE, vf *sums) {
  CONSTANTS;
  OF_KIND(unpacked) unpacked;
  OF_KIND(scales_one) one;
  OF_KIND(scales) u;
  OF_FORMAT(scales)(block, &unpacked);
  if (T == 1)
    OF_KIND(prepare_one)(&unpacked, BITS, SUBTRACT, &one);
  else
    OF_KIND(prepare)(&unpacked, BITS, SUBTRACT, &u);
  const int STEP = T == 1 && unrolls_one ? GROUPS : SPAN; // groups whose code stands without a loop
  for (size_t first = 0; first < GROUPS; first += STEP) {
    UNROLL for (int step = 0; step < STEP; step++) {
      const size_t group = first + (size_t)step, span = first + step / SPAN * SPAN;
      const int g = step % SPAN;
      block_of_a of_group = block_at_token(a, (i * GROUPS + group) / SHARE * (size_t)T);
      of_group.codes = prefetch_beside(of_group.codes, next, i * GROUPS + group, GROUP_BYTES,
                                       GROUPS > 1 || block.at != ALONE, CACHE);
      vq codes[8], operands[VQ_OPERANDS];
      const int LAYOUT = T == 1 ? OF_KIND(layout_one) : LANES;
      const places at = {OF_FORMAT(codes)(block, span, g, 0, LAYOUT, codes),
                         OF_FORMAT(codes)(block, span, g, 1, LAYOUT, codes + 4)};
      if (T == 1) {
        OF_KIND(accumulate_one)(codes, at, &one, group, of_group, BITS, SUBTRACT, sums);
      } else {
        int32_t starts[2 * APUS_CHUNK_TOKENS_MAX];
        OF_KIND(starts)(of_group.offsets, of_group.sums16, (size_t)T, BITS, SUBTRACT, starts);
        of_group.starts = starts;
        OF_KIND(operands)(codes, &u, group, BITS, SUBTRACT, operands);
        OF_KIND(accumulate)(operands, &u, group, of_group, BITS, SUBTRACT, 1, T, sums);
      }
    }
  }
}

// The T tokens of a chunk with a group of VF rows: their sums and unpacked codes stay in registers.
SIMD void OF_FORMAT(matmul_tokens)(const apus_matmul_args *args, const row_group *group, const apus_activations *x,
                                   const int T, const int CACHE, vf *acc) {
  CONSTANTS;
  const int STRIP = has_strips(T, OF_KIND(layout_one)) ? OF_FORMAT(strip) : 1;
  const block_of_a a = first_block(x);
  const upcoming next =
      upcoming_rows(group->weights + prefetch_distance(group->stride), VF * group->stride, &args->core);
  const rows first = rows_at(group->weights, group->stride);
  const size_t blocks = args->k / (32 * GROUPS / SHARE);
  vf sums[TOKENS];
  UNROLL for (int t = 0; t < T; t++) sums[t] = vf_zero();
  size_t i = 0;
  for (; STRIP > 1 && i + STRIP <= blocks; i += STRIP)
    UNROLL for (int s = 0; s < STRIP; s++) {
      const block_rows block = {rows_on(first, i * BLOCK_BYTES), s * (int)BLOCK_BYTES};
      OF_FORMAT(block)(block, i + (size_t)s, a, &next, T, CACHE, sums);
    }
  for (; i < blocks; i++)
    OF_FORMAT(block)((block_rows){rows_on(first, i * BLOCK_BYTES), ALONE}, i, a, &next, T, CACHE, sums);
  UNROLL for (int t = 0; t < T; t++) acc[t] = sums[t];
}

#define MATMUL_TOKENS(T, CACHE)                                                                                      \
  APART void OF_FORMAT(CAT3(matmul_, T, CACHE))(const apus_matmul_args *args, const row_group *group,                \
                                                const apus_activations *x, vf *acc) {                                \
    CONSTANTS;                                                                                                       \
    OF_FORMAT(matmul_tokens)(args, group, x, T <= FEW ? T : 1, CACHE, acc);                                          \
  }
FEW_TOKENS(MATMUL_TOKENS)
#undef MATMUL_TOKENS

// The `width` tokens of a chunk, at most FEW, with a group of VF rows: acc[t].
SIMD void OF_FORMAT(matmul_few)(const apus_matmul_args *args, const row_group *group, const apus_activations *x,
                                size_t width, vf *acc) {
  CONSTANTS;
#define IF_TOKENS(T, CACHE)                                                                                          \
  if (T <= FEW && width == T && (CACHE == FAR || args->core.prefetch == APUS_PREFETCH_NEAR))                      \
    return OF_FORMAT(CAT3(matmul_, T, CACHE))(args, group, x, acc);
  FEW_TOKENS(IF_TOKENS)
#undef IF_TOKENS
}

// Block i of V * VF rows, of which those of vector v begin at of_v[v], as the products take it.
SIMD void OF_FORMAT(unpack)(const uint8_t *w, const rows *of_v, size_t stride, size_t i, const int V,
                            OF_KIND(scales) *u, vq operands[][VECTORS][VQ_OPERANDS]) {
  CONSTANTS;
  for (int v = 0; v < V; v++) {
    const block_rows block = {rows_on(of_v[v], i * BLOCK_BYTES), ALONE};
    const upcoming next = {(const char *)w + (size_t)(V + v) * VF * stride};
    OF_KIND(unpacked) unpacked;
    OF_FORMAT(scales)(block, &unpacked);
    OF_KIND(prepare)(&unpacked, BITS, SUBTRACT, u + v);
    for (size_t first = 0; first < GROUPS; first += SPAN) {
      UNROLL for (int g = 0; g < SPAN; g++) {
        const size_t group = first + (size_t)g;
        vq *of_group =
            (vq *)prefetch_beside(operands[group][v], &next, i * GROUPS + group, GROUP_BYTES, GROUPS > 1, FAR);
        vq codes[8];
        UNROLL for (int half = 0; half < 2; half++)
          OF_FORMAT(codes)(block, first, g, half, LANES, codes + 4 * half);
        OF_KIND(operands)(codes, u + v, group, BITS, SUBTRACT, of_group);
      }
    }
  }
}

// The `width` tokens of a chunk with V vectors of rows: adds to acc, [V][APUS_CHUNK_TOKENS_MAX].
SIMD void OF_FORMAT(matmul_vectors)(const apus_matmul_args *args, const row_group *group, const apus_activations *x,
                                    size_t width, const int V, vf *acc) {
  CONSTANTS;
  // With 512 bits the codes of one vector of rows stay in registers beside the sums, and most of those of two.
  const int AT_ONCE = OF_KIND(tokens)(BITS) * (VF > 8 && V > 1 ? 3 : 4) / 4;
  const uint8_t *w = group->weights;
  const size_t stride = group->stride;
  block_of_a a = first_block(x);
  OF_KIND(scales) u[VECTORS];
  int32_t starts[2 * APUS_CHUNK_TOKENS_MAX];
  vq operands[GROUPS][VECTORS][VQ_OPERANDS];
  rows of_v[VECTORS];
  for (int v = 0; v < V; v++)
    of_v[v] = rows_at(w + (size_t)v * VF * stride, stride);
  for (size_t i = 0; i < args->k / (32 * GROUPS / SHARE); i++) {
    OF_FORMAT(unpack)(w, of_v, stride, i, V, u, operands);
    for (size_t g = 0; g < GROUPS; g++) {
      size_t t = 0;
      OF_KIND(starts)(a.offsets, a.sums16, width, BITS, SUBTRACT, starts);
      a.starts = starts;
      for (; t + AT_ONCE <= width; t += AT_ONCE)
        OF_KIND(accumulate)(operands[g][0], u, g, block_at_token(a, t), BITS, SUBTRACT, V, AT_ONCE, acc + t);
      for (; AT_ONCE > 4 && t + 4 <= width; t += 4)
        OF_KIND(accumulate)(operands[g][0], u, g, block_at_token(a, t), BITS, SUBTRACT, V, 4, acc + t);
      for (; AT_ONCE > 2 && t + 2 <= width; t += 2)
        OF_KIND(accumulate)(operands[g][0], u, g, block_at_token(a, t), BITS, SUBTRACT, V, 2, acc + t);
      for (; t < width; t++)
        OF_KIND(accumulate)(operands[g][0], u, g, block_at_token(a, t), BITS, SUBTRACT, V, 1, acc + t);
      if (g % SHARE == SHARE - 1)
        a = block_at_token(a, width);
    }
  }
}

APART void OF_FORMAT(matmul_one_vector)(const apus_matmul_args *args, const row_group *group,
                                        const apus_activations *x, size_t width, vf *acc) {
  OF_FORMAT(matmul_vectors)(args, group, x, width, 1, acc);
}

APART void OF_FORMAT(matmul_all_vectors)(const apus_matmul_args *args, const row_group *group,
                                         const apus_activations *x, size_t width, vf *acc) {
  OF_FORMAT(matmul_vectors)(args, group, x, width, VECTORS, acc);
}

// The `width` tokens of a chunk with a group of rows: acc, [vectors][APUS_CHUNK_TOKENS_MAX].
SIMD void OF_FORMAT(matmul_many)(const apus_matmul_args *args, const row_group *group, const apus_activations *x,
                                 size_t width, vf *acc) {
  for (int v = 0; v < group->vectors; v++)
    for (size_t t = 0; t < width; t++)
      acc[v * APUS_CHUNK_TOKENS_MAX + t] = vf_zero();
  if (VECTORS > 1 && group->vectors > 1)
    OF_FORMAT(matmul_all_vectors)(args, group, x, width, acc);
  else
    OF_FORMAT(matmul_one_vector)(args, group, x, width, acc);
}

static void LEVEL(OF_FORMAT(apus_matmul))(const apus_matmul_args *args, size_t begin, size_t end) {
  CONSTANTS;
  vf acc[VECTORS * APUS_CHUNK_TOKENS_MAX];
  const size_t chunk = apus_chunk_tokens(args->k);
  for (size_t first = 0; first < args->n; first += chunk) {
    const size_t width = args->n - first < chunk ? args->n - first : chunk;
    const apus_activations x = chunk_at(&args->x, first, args->k);
    for (size_t row = begin; row < end;) {
      const row_group group = row_group_at(args, row, end, width > FEW ? vectors_of(args) : 1);
      if (width <= FEW)
        OF_FORMAT(matmul_few)(args, &group, &x, width, acc);
      else
        OF_FORMAT(matmul_many)(args, &group, &x, width, acc);
      store_group(args, &group, row, first, width, acc);
      row += group.count;
    }
  }
}

#undef CONSTANTS
#undef BLOCK_BYTES
#undef OF_KIND
#undef OF_FORMAT
