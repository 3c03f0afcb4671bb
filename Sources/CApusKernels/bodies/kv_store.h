// One head's key or value, written at position `offset` of a KV block; CApusKernels.h says how it lies there.

static void LEVEL(apus_store_key_f16)(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((apus_f16 *)block)[i * APUS_KV_BLOCK_POSITIONS + offset] = f16_from_float(x[i]);
}

static void LEVEL(apus_store_value_f16)(const float *x, size_t dimension, size_t offset, void *block) {
  apus_f16 *row = (apus_f16 *)block + offset * dimension;
  size_t i = 0;
  for (; i + VF <= dimension; i += VF)
    vf_store_f16(row + i, vf_load_f32(x + i));
  for (; i < dimension; i++)
    row[i] = f16_from_float(x[i]);
}

static void LEVEL(apus_store_key_f32)(const float *x, size_t dimension, size_t offset, void *block) {
  for (size_t i = 0; i < dimension; i++)
    ((float *)block)[i * APUS_KV_BLOCK_POSITIONS + offset] = x[i];
}

static void LEVEL(apus_store_value_f32)(const float *x, size_t dimension, size_t offset, void *block) {
  memcpy((float *)block + offset * dimension, x, dimension * sizeof(float));
}

static void LEVEL(apus_store_key_q8_0)(const float *x, size_t dimension, size_t offset, void *block) {
  char *codes = block;
  apus_f16 *scales = (apus_f16 *)(codes + dimension * APUS_KV_BLOCK_POSITIONS);
  for (size_t i = 0; i < dimension / 32; i++) {
    int8_t rounded[32];
    scales[i * APUS_KV_BLOCK_POSITIONS + offset] = f16_from_float(round_block(x + 32 * i, rounded));
    for (size_t j = 0; j < 8; j++)
      memcpy(codes + ((i * 8 + j) * APUS_KV_BLOCK_POSITIONS + offset) * 4, rounded + 4 * j, 4);
  }
}

static void LEVEL(apus_store_value_q8_0)(const float *x, size_t dimension, size_t offset, void *block) {
  apus_q8_0 *row = (apus_q8_0 *)block + offset * (dimension / 32);
  for (size_t i = 0; i < dimension / 32; i++)
    row[i].d = f16_from_float(round_block(x + 32 * i, row[i].codes));
}
