/// A set of bytes.
package struct ByteSet: Hashable, Sendable {
  /// Bit `b % 64` of word `b / 64` says whether `b` is in it.
  private var words: InlineWords

  private struct InlineWords: Hashable, Sendable { var a: UInt64 = 0, b: UInt64 = 0, c: UInt64 = 0, d: UInt64 = 0 }

  /// The empty set.
  package init() { words = InlineWords() }

  /// The bytes of `range`.
  package init(_ range: ClosedRange<UInt8>) {
    self.init()
    for byte in range { insert(byte) }
  }

  /// These bytes.
  package init(_ bytes: some Sequence<UInt8>) {
    self.init()
    for byte in bytes { insert(byte) }
  }

  /// All bytes.
  package static let all = ByteSet(0...255)

  /// Whether `byte` is in it.
  package func contains(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: words.a
      case 1: words.b
      case 2: words.c
      default: words.d
      }
    return word >> UInt64(byte & 63) & 1 == 1
  }

  /// Adds `byte`.
  package mutating func insert(_ byte: UInt8) {
    let bit = UInt64(1) << UInt64(byte & 63)
    switch byte >> 6 {
    case 0: words.a |= bit
    case 1: words.b |= bit
    case 2: words.c |= bit
    default: words.d |= bit
    }
  }

  /// Whether it has no byte.
  package var isEmpty: Bool { words == InlineWords() }

  /// Number of its bytes.
  package var count: Int {
    words.a.nonzeroBitCount + words.b.nonzeroBitCount + words.c.nonzeroBitCount + words.d.nonzeroBitCount
  }

  /// The bytes that are in either.
  package func union(_ other: ByteSet) -> ByteSet { combined(other, |) }

  /// The bytes that are in both.
  package func intersection(_ other: ByteSet) -> ByteSet { combined(other, &) }

  private func combined(_ other: ByteSet, _ combine: (UInt64, UInt64) -> UInt64) -> ByteSet {
    var result = ByteSet()
    result.words.a = combine(words.a, other.words.a)
    result.words.b = combine(words.b, other.words.b)
    result.words.c = combine(words.c, other.words.c)
    result.words.d = combine(words.d, other.words.d)
    return result
  }

  /// Calls `body` with each of its bytes, in order.
  func forEach(_ body: (UInt8) -> Void) {
    for (index, word) in [words.a, words.b, words.c, words.d].enumerated() {
      var rest = word
      while rest != 0 {
        body(UInt8(index * 64 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
  }

  /// Adds what it is to a fingerprint.
  func feed(_ print: inout LanguageMark) {
    print.add(words.a)
    print.add(words.b)
    print.add(words.c)
    print.add(words.d)
  }
}
