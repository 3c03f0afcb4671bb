/// Up to eight bytes of `text` from its start, the first one lowest.
@inline(__always) func firstWord(of text: Span<UInt8>) -> UInt64 {
  let count = text.count
  if count >= 8 { return word(of: text, at: 0) }
  if count >= 4 {
    let start = UInt32(littleEndian: unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
    let end = UInt32(littleEndian: unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
    return UInt64(start) | UInt64(end) << UInt64(8 * (count - 4))
  }
  if count == 0 { return 0 }
  let (middle, last) = (count / 2, count - 1)
  return UInt64(text[0]) | UInt64(text[middle]) << UInt64(8 * middle) | UInt64(text[last]) << UInt64(8 * last)
}

/// The eight bytes of `text` from `position` on, the first one lowest.
@inline(__always) func word(of text: Span<UInt8>, at position: Int) -> UInt64 {
  precondition(position >= 0 && position + 8 <= text.count)
  return UInt64(littleEndian: unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
}

/// Whether two texts are the same bytes.
@inline(__always) func equal(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
  guard a.count == b.count, firstWord(of: a) == firstWord(of: b) else { return false }
  var position = 8
  while position < a.count {
    let place = min(position, a.count - 8)
    if word(of: a, at: place) != word(of: b, at: place) { return false }
    position += 8
  }
  return true
}

/// Spreads a word over 64 bits: both halves of a 128-bit product, xored (the step of Wang Yi's wyhash).
@inline(__always) func mix(_ word: UInt64) -> UInt64 {
  let product = word.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
  return product.high ^ product.low
}
