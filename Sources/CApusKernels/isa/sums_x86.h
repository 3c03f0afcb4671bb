// Sums of int8 codes on x86, in the 256 bits that all levels have.

// The sums of the first 16 codes and of the other 16: of bytes 128 above, eight at a time.
SIMD void sums_of_codes(const int8_t *codes, int32_t *sums) {
  const __m256i above = _mm256_xor_si256(_mm256_loadu_si256((const void *)codes), _mm256_set1_epi8((char)128));
  const __m256i eights = _mm256_sad_epu8(above, _mm256_setzero_si256());
  const __m256i halves = _mm256_add_epi64(eights, _mm256_unpackhi_epi64(eights, eights));
  sums[0] = _mm256_extract_epi32(halves, 0) - 16 * 128;
  sums[1] = _mm256_extract_epi32(halves, 4) - 16 * 128;
}
