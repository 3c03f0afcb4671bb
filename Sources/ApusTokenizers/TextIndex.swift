/// Finds the first string of a `ByteStrings` with given bytes: an open-addressing hash table.
///
/// Strings of up to eight bytes, most tokens, are compared within the table, with one cache miss instead of three. The
/// hash is seeded anew for every table, because a model file can choose its strings: without a secret it could make them
/// all collide. No result depends on the seed.
struct TextIndex: Sendable {
  /// A string reduced to what a slot holds of it.
  private struct Key {
    /// The first eight bytes, or all if there are fewer.
    var word: UInt64
    /// The number of bytes if it is at most eight, else 31 bits of the hash and the highest bit.
    var tag: UInt32
    var hash: UInt64
  }

  private struct Slot {
    var word: UInt64 = 0
    var tag: UInt32 = 0
    /// The string's number plus one; zero where free.
    var number: UInt32 = 0
  }

  private var slots: [Slot]
  private let mask: Int
  /// Whether some strings are equal to earlier ones.
  private(set) var hasDuplicates = false
  private let seed = UInt64.random(in: .min ... .max)

  /// Indexes at most `Int32.max` strings, of equal ones the first.
  init(_ strings: ByteStrings) {
    slots = [Slot](repeating: Slot(), count: slotCount(for: strings.count))
    mask = slots.count - 1
    for index in 0..<strings.count {
      let key = key(strings.bytes, strings.range(index))
      let (slot, found) = find(key, strings.bytes, strings.range(index), in: strings)
      if found == nil {
        slots[slot] = Slot(word: key.word, tag: key.tag, number: UInt32(index + 1))
      } else {
        hasDuplicates = true
      }
    }
  }

  /// The number of the first of `strings` (the indexed ones) with the bytes of `text` in `range`.
  func index(of text: [UInt8], _ range: Range<Int>, in strings: ByteStrings) -> Int? {
    find(key(text, range), text, range, in: strings).index
  }

  /// The slot where `text[range]` is or would be, and its number if it is there.
  private func find(
    _ key: Key, _ text: [UInt8], _ range: Range<Int>, in strings: ByteStrings
  ) -> (slot: Int, index: Int?) {
    var position = Int(truncatingIfNeeded: key.hash) & mask
    while true {
      let slot = slots[position]
      if slot.number == 0 { return (position, nil) }
      if slot.word == key.word, slot.tag == key.tag {
        let index = Int(slot.number) - 1
        if range.count <= 8 || strings.equals(index, text, range) { return (position, index) }
      }
      position = (position + 1) & mask
    }
  }

  private func key(_ text: [UInt8], _ range: Range<Int>) -> Key {
    var position = range.lowerBound
    let first = word(text, &position, range.upperBound)
    var hash = mix(seed ^ first ^ UInt64(truncatingIfNeeded: range.count))
    while position < range.upperBound { hash = mix(hash ^ word(text, &position, range.upperBound)) }
    let tag = range.count <= 8 ? UInt32(range.count) : UInt32(truncatingIfNeeded: hash >> 32) | 0x8000_0000
    return Key(word: first, tag: tag, hash: hash)
  }

  /// Up to eight bytes from `position` on, which moves behind them; the first byte is the lowest.
  @inline(__always)
  private func word(_ text: [UInt8], _ position: inout Int, _ end: Int) -> UInt64 {
    let count = min(8, end - position)
    defer { position += count }
    if position + 8 <= text.count {
      let bytes = unsafe text.span.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
      let word = UInt64(littleEndian: bytes)
      return count == 8 ? word : word & (1 << UInt64(8 * count) - 1)
    }
    var word: UInt64 = 0
    for offset in 0..<count { word |= UInt64(text[position + offset]) << UInt64(8 * offset) }
    return word
  }
}

/// The power of two that keeps an open-addressing table of `count` entries at most three quarters full.
func slotCount(for count: Int) -> Int {
  var capacity = 16
  while capacity / 4 * 3 < count { capacity *= 2 }
  return capacity
}

/// Spreads a word over 64 bits: both halves of a 128-bit product, xored (the step of Wang Yi's wyhash).
@inline(__always) func mix(_ word: UInt64) -> UInt64 {
  let product = word.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
  return product.high ^ product.low
}
