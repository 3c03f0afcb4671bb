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
}
