// What formats share whose codes come from a grid (formats/grids.h), or from scales of a few bits.

// BITS bits of every lane's word from bit FROM on, moved to bit TO of a word that is else zero.
SIMD vi vi_place(vq words, const int FROM, const int BITS, const int TO) {
  const vi all = vi_from_vq(words);
  return vi_and(FROM > TO ? vi_shr(all, FROM - TO) : vi_shl(all, TO - FROM), ((1 << BITS) - 1) << TO);
}

// Bytes of seven bits with an eighth, which makes the number of those that are set even.
SIMD vq even_signs(vq sevens) {
  static const int8_t odd[16] = {0, -128, -128, 0, -128, 0, 0, -128, -128, 0, 0, -128, 0, -128, -128, 0};
  return vq_or(sevens, vq_lookup(odd, vq_and(vq_xor(sevens, vq_shr(sevens, 4)), 15)));
}

// The same for the four times seven bits that every lane's word begins with.
SIMD vq signs_of_sevens(vq words) {
  const vi first = vi_or(vi_place(words, 0, 7, 0), vi_place(words, 7, 7, 8));
  return even_signs(vq_from_vi(vi_or(first, vi_or(vi_place(words, 14, 7, 16), vi_place(words, 21, 7, 24)))));
}

// The codes of a half of 32 weights, on the other side of MIDDLE where their bit in `signs` is set.
SIMD void vq_mirror(vq signs, const int HALF, const int MIDDLE, vq *codes) {
  UNROLL for (int j = 0; j < 4; j++) codes[j] = vq_mirrored(codes[j], signs, 4 * HALF + j, MIDDLE);
}

// Bytes of 1, or of -1 in lanes whose word has that bit.
SIMD vq minus_where(vq words, const int BIT) {
  const vi minus = vi_sra(vi_shl(vi_from_vq(words), 31 - BIT), 31);
  return vq_add(vq_and(vq_from_vi(minus), -2), 1);
}

// The nibbles of bytes 2 * PAIR and 2 * PAIR + 1 of every lane as four bytes.
SIMD vq nibbles_apart(vq words, const int PAIR) {
  const vi bytes = vi_or(vi_place(words, 16 * PAIR, 8, 0), vi_place(words, 16 * PAIR + 8, 8, 16));
  return vq_and(vq_from_vi(vi_or(bytes, vi_shl(bytes, 4))), 15);
}

// 2 * scale + 1 of bytes up to 63.
SIMD vq odd_scales(vq scale) { return vq_add(vq_to_bit(scale, 0, 1), 1); }
