// y = x . w^T for one quantized format, named by APUS_FORMAT: included once per format.
//
// VF rows are taken at once, a lane for each: their quant blocks are unpacked to registers that hold four codes of
// every row, so a product needs no sum across lanes, and the unpacked codes serve all tokens of a chunk.
// For every (row, token) there is one accumulator, to which blocks of 32 are added in order: a result never depends
// on what else is computed with it.

#define OF_FORMAT(name) CAT3(name, _, APUS_FORMAT)
#define BLOCK_BYTES sizeof(CAT(apus_, APUS_FORMAT))

enum {
  OF_FORMAT(VECTORS) = VECTORS_OF(OF_FORMAT(bits), OF_FORMAT(halves)),
  OF_FORMAT(sums) = 1 + OF_FORMAT(halves),
};

// One token with VF rows at w, `stride` bytes apart.
SIMD vf OF_FORMAT(matmul_one)(const uint8_t *w, size_t stride, size_t k, const apus_activations *x) {
  const size_t units = k / (32 * OF_FORMAT(groups));
  const int8_t *a = x->codes;
  const float *scales = x->scales, *sums = OF_FORMAT(halves) ? x->sums16 : x->sums32;
  vf acc = vf_zero();
  for (size_t i = 0; i < units; i++) {
    prefetch_next(w + VF * stride, i, VF * BLOCK_BYTES);
    unit u;
    OF_FORMAT(unpack)(w + i * BLOCK_BYTES, stride, &u);
    UNROLL_GROUPS for (int g = 0; g < OF_FORMAT(groups); g++) {
      vq codes[VQ_OPERANDS];
      vq_operands(u.codes + 8 * g, OF_FORMAT(bits), codes);
      accumulate(codes, u.scales + OF_FORMAT(sums) * g, u.mins + OF_FORMAT(sums) * g, 0, a, scales, sums,
                 OF_FORMAT(bits), OF_FORMAT(halves), OF_FORMAT(mins), 1, 1, &acc, 0);
      a += 32;
      scales++;
      sums += OF_FORMAT(sums);
    }
  }
  return acc;
}

// The `width` tokens of a chunk with V * VF rows at w: adds to acc, [V][APUS_CHUNK_TOKENS_MAX].
SIMD void OF_FORMAT(matmul_many)(const uint8_t *w, size_t stride, size_t k, const apus_activations *x, size_t width,
                                 const int V, vf *acc) {
  const size_t units = k / (32 * OF_FORMAT(groups));
  const int8_t *a = x->codes;
  const float *scales = x->scales, *sums = OF_FORMAT(halves) ? x->sums16 : x->sums32;
  unit u[OF_FORMAT(VECTORS)];
  vq codes[OF_FORMAT(VECTORS) * VQ_OPERANDS];
  for (size_t i = 0; i < units; i++) {
    UNROLL for (int v = 0; v < V; v++) {
      prefetch_next(w + (size_t)(V + v) * VF * stride, i, VF * BLOCK_BYTES);
      OF_FORMAT(unpack)(w + (size_t)v * VF * stride + i * BLOCK_BYTES, stride, u + v);
    }
    for (int g = 0; g < OF_FORMAT(groups); g++) {
      const vf *scale = u->scales + OF_FORMAT(sums) * g, *min = u->mins + OF_FORMAT(sums) * g;
      UNROLL for (int v = 0; v < V; v++) vq_operands(u[v].codes + 8 * g, OF_FORMAT(bits), codes + v * VQ_OPERANDS);
      size_t t = 0;
      for (; t + TOKENS <= width; t += TOKENS)
        accumulate(codes, scale, min, sizeof(unit) / sizeof(vf), a + 32 * t, scales + t, sums + OF_FORMAT(sums) * t,
                   OF_FORMAT(bits), OF_FORMAT(halves), OF_FORMAT(mins), V, TOKENS, acc + t, APUS_CHUNK_TOKENS_MAX);
      for (; t < width; t++)
        accumulate(codes, scale, min, sizeof(unit) / sizeof(vf), a + 32 * t, scales + t, sums + OF_FORMAT(sums) * t,
                   OF_FORMAT(bits), OF_FORMAT(halves), OF_FORMAT(mins), V, 1, acc + t, APUS_CHUNK_TOKENS_MAX);
      a += 32 * width;
      scales += width;
      sums += OF_FORMAT(sums) * width;
    }
  }
}

static void LEVEL(OF_FORMAT(apus_matmul))(const apus_matmul_args *args, size_t begin, size_t end) {
  enum { V = OF_FORMAT(VECTORS) };
  vf acc[V * APUS_CHUNK_TOKENS_MAX];
  const size_t chunk = apus_chunk_tokens(args->k);
  for (size_t first = 0; first < args->n; first += chunk) {
    const size_t width = args->n - first < chunk ? args->n - first : chunk;
    const apus_activations x = chunk_at(&args->x, first, args->k);
    size_t row = begin;
    while (row < end) {
      const int vectors = width > 1 && end - row >= V * VF ? V : 1;
      const row_group group = row_group_at(args, row, end);
      if (width == 1) {
        acc[0] = OF_FORMAT(matmul_one)(group.weights, group.stride, args->k, &x);
      } else {
        for (int i = 0; i < V * APUS_CHUNK_TOKENS_MAX; i++)
          acc[i] = vf_zero();
        if (vectors == V)
          OF_FORMAT(matmul_many)(group.weights, group.stride, args->k, &x, width, V, acc);
        else
          OF_FORMAT(matmul_many)(group.weights, group.stride, args->k, &x, width, 1, acc);
      }
      for (int v = 0; v < vectors; v++)
        store_group(args, &group, row + (size_t)v * VF, first, width, acc + v * APUS_CHUNK_TOKENS_MAX);
      row += vectors > 1 ? (size_t)vectors * VF : group.count;
    }
  }
}

#undef BLOCK_BYTES
#undef OF_FORMAT
