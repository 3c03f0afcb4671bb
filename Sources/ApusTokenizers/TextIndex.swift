/// Finds the first string of a `ByteStrings` with given bytes: an open-addressing hash table.
///
/// Strings of up to eight bytes, most tokens, are compared within the table, with one cache miss instead of three. The
/// hash is seeded anew for every table, because a model file can choose its strings: without a secret it could make
/// them all collide. No result depends on the seed.
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

    /// Whether the string may be the one with this key; it is if that has at most eight bytes.
    func fits(_ key: Key) -> Bool { word == key.word && tag == key.tag && number > 0 }
  }

  private var slots: [Slot]
  /// Whether some strings are equal to earlier ones.
  private(set) var hasDuplicates = false
  private let seed = UInt64.random(in: .min ... .max)

  /// Indexes at most `Int32.max` strings, of equal ones the first.
  init(_ strings: ByteStrings) {
    slots = [Slot](repeating: Slot(), count: slotCount(for: strings.count))
    for index in 0..<strings.count {
      let text = strings.span(index)
      let key = key(text)
      let (slot, found) = find(key, text, in: strings)
      if found == nil {
        slots[slot] = Slot(word: key.word, tag: key.tag, number: UInt32(index + 1))
      } else {
        hasDuplicates = true
      }
    }
  }

  /// The number of the first of `strings` (the indexed ones) with the bytes `text`.
  func index(of text: Span<UInt8>, in strings: ByteStrings) -> Int? { find(key(text), text, in: strings).index }

  /// As `index(of:in:)` for all of `texts`; -1 where there is none.
  ///
  /// The slots of all are read before any is compared, so that the waits for memory overlap.
  func indexes(of texts: ByteStrings, in strings: ByteStrings) -> [Int32] {
    let keys = (0..<texts.count).map { key(texts.span($0)) }
    let firsts = keys.map { slots[slots.place(of: $0.hash)] }
    return keys.indices.map { place in
      if keys[place].tag <= 8, firsts[place].fits(keys[place]) { return Int32(firsts[place].number) - 1 }
      return Int32(find(keys[place], texts.span(place), in: strings).index ?? -1)
    }
  }

  /// The slot where `text` is or would be, and its number if it is there.
  private func find(_ key: Key, _ text: Span<UInt8>, in strings: ByteStrings) -> (slot: Int, index: Int?) {
    var place = slots.place(of: key.hash)
    while true {
      let slot = slots[place]
      if slot.number == 0 { return (place, nil) }
      if slot.fits(key) {
        let index = Int(slot.number) - 1
        if text.count <= 8 || equal(strings.span(index), text) { return (place, index) }
      }
      place = slots.place(after: place)
    }
  }

  @inline(__always)
  private func key(_ text: Span<UInt8>) -> Key {
    let first = firstWord(of: text)
    var hash = mix(seed ^ first ^ UInt64(truncatingIfNeeded: text.count))
    var position = 8
    while position < text.count {
      hash = mix(hash ^ word(of: text, at: min(position, text.count - 8)))
      position += 8
    }
    let tag = text.count <= 8 ? UInt32(text.count) : UInt32(truncatingIfNeeded: hash >> 32) | 0x8000_0000
    return Key(word: first, tag: tag, hash: hash)
  }
}

/// How many slots keep an open-addressing table of `count` entries at most two thirds full.
func slotCount(for count: Int) -> Int { count + count / 2 + 16 }

extension Array {
  /// Where to look first in an open-addressing table for what has this hash.
  @inline(__always) func place(of hash: UInt64) -> Int { Int(hash.multipliedFullWidth(by: UInt64(count)).high) }

  /// Where to look next.
  @inline(__always) func place(after place: Int) -> Int { place + 1 == count ? 0 : place + 1 }
}
