/// Finds the first string of a `ByteStrings` with given bytes: an open-addressing hash table of 8 bytes a slot.
///
/// The hash is seeded anew for every table, because a model file can choose its strings: without a secret it could make
/// them all collide. No result depends on the seed.
struct TextIndex: Sendable {
  /// The upper half of the string's hash, and the string's number plus one; zero where free.
  private var slots: [UInt64]
  private let mask: Int
  /// Whether some strings are equal to earlier ones.
  private(set) var hasDuplicates = false
  private let seed = UInt64.random(in: .min ... .max)

  /// Indexes at most `Int32.max` strings, of equal ones the first.
  init(_ strings: ByteStrings) {
    let capacity = slotCount(for: strings.count)
    slots = [UInt64](repeating: 0, count: capacity)
    mask = capacity - 1
    for index in 0..<strings.count {
      let range = strings.range(index)
      let hash = hash(strings.bytes, range)
      let (slot, found) = find(strings.bytes, range, hash, in: strings)
      if found == nil {
        slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
      } else {
        hasDuplicates = true
      }
    }
  }

  /// The number of the first of `strings` (the indexed ones) with the bytes of `text` in `range`.
  func index(of text: [UInt8], _ range: Range<Int>, in strings: ByteStrings) -> Int? {
    find(text, range, hash(text, range), in: strings).index
  }

  /// The slot where `text[range]` is or would be, and its number if it is there.
  private func find(
    _ text: [UInt8], _ range: Range<Int>, _ hash: UInt64, in strings: ByteStrings
  ) -> (slot: Int, index: Int?) {
    let wanted = hash >> 32
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      if slots[slot] >> 32 == wanted {
        let index = Int(slots[slot] & 0xFFFF_FFFF) - 1
        if strings.equals(index, text, range) { return (slot, index) }
      }
      slot = (slot + 1) & mask
    }
    return (slot, nil)
  }

  private func hash(_ text: [UInt8], _ range: Range<Int>) -> UInt64 {
    var hash = seed ^ UInt64(truncatingIfNeeded: range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      let end = min(position + 8, range.upperBound)
      var word: UInt64 = 0
      while position < end {
        word = word << 8 | UInt64(text[position])
        position += 1
      }
      hash = mix(hash ^ word)
    }
    return mix(hash)
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
