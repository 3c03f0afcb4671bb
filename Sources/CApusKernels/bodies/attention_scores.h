// Scores of one KV block: the products of queries with the keys of its 32 positions, a lane for each.

// Adds the products of dimension i.
SIMD void add_key(const kv_block *kv, const int SOURCE, size_t i, const float *const *q, const int N, vf *sums) {
  vf keys[SPANS];
  UNROLL for (int l = 0; l < SPANS; l++) {
    const size_t at = i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF;
    keys[l] = SOURCE == FLOATS ? vf_load_f32(kv->key_floats + at) : vf_load_f16(kv->stored.keys + 2 * at);
  }
  UNROLL for (int n = 0; n < N; n++) {
    const vf x = vf_splat(q[n][i]);
    UNROLL for (int l = 0; l < SPANS; l++) sums[n * SPANS + l] = vf_fma(keys[l], x, sums[n * SPANS + l]);
  }
}

// Scores of N queries, [N][SPANS].
SIMD void scores_float(const kv_block *kv, const int SOURCE, const float *const *q, size_t dimension, const int N,
                       vf *scores) {
  vf sums[CHAINS][TOGETHER * SPANS];
  UNROLL for (int c = 0; c < CHAINS; c++) UNROLL for (int i = 0; i < N * SPANS; i++) sums[c][i] = vf_zero();
  size_t i = 0;
  for (; i + CHAINS <= dimension; i += CHAINS) {
    if (SOURCE == HALVES)
      prefetch_next(kv->next.keys, i / CHAINS, CHAINS * APUS_KV_BLOCK_POSITIONS * sizeof(apus_f16));
    UNROLL for (int c = 0; c < CHAINS; c++) add_key(kv, SOURCE, i + (size_t)c, q, N, sums[c]);
  }
  for (; i < dimension; i++)
    add_key(kv, SOURCE, i, q, N, sums[0]);
  UNROLL for (int i = 0; i < N * SPANS; i++) {
    scores[i] = sums[0][i];
    UNROLL for (int c = 1; c < CHAINS; c++) scores[i] = vf_add(scores[i], sums[c][i]);
  }
}

// The keys of VF positions are to a query, rounded to int8, what the weights of VF rows are to a token: 32 dimensions
// at a time.
SIMD void scores_q8_0(const kv_block *kv, block_of_a q, size_t dimension, vf *scores) {
  enum { BYTES = 32 * APUS_KV_BLOCK_POSITIONS };
  const char *halves = kv->stored.keys + dimension * APUS_KV_BLOCK_POSITIONS;
  UNROLL for (int l = 0; l < SPANS; l++) scores[l] = vf_zero();
  for (size_t i = 0; i < dimension / 32; i++) {
    prefetch_next(kv->next.keys, i, BYTES + APUS_KV_BLOCK_POSITIONS * sizeof(apus_f16));
    block_of_a own = block_at_token(q, i);
    int32_t start;
    blocks_starts(own.offsets, own.sums16, 1, 8, NOTHING, &start);
    own.starts = &start;
    UNROLL for (int l = 0; l < SPANS; l++) {
      vq codes[8], operands[VQ_OPERANDS];
      UNROLL for (int j = 0; j < 8; j++) codes[j] = vq_add(
          vq_load(kv->stored.keys + i * BYTES + (size_t)(j * APUS_KV_BLOCK_POSITIONS + l * VF) * 4), SIGNED_ABOVE);
      vq_operands(codes, 8, operands);
      const scales scale = {.scale[0] = vf_load_f16(halves + (i * APUS_KV_BLOCK_POSITIONS + (size_t)l * VF) * 2)};
      blocks_accumulate(operands, &scale, 0, own, 8, NOTHING, 1, 1, &scores[l]);
    }
  }
}
