internal import Crypto

/// The SHA-256 hash of a key, as it is kept in files and compared.
///
/// A slow hash protects texts that people think of, which can be guessed. A key of 256 random bits cannot, by however fast
/// a hash; and every request would pay for a slow one.
package struct KeyDigest: Sendable, Equatable {
  private let words: SIMD4<UInt64>

  /// The hash of a key.
  package init(of key: String) { self.init(bytes: Array(SHA256.hash(data: Array(key.utf8)))) }

  /// Reads `sha256:` and 64 hexadecimal digits; nil for anything else.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.starts(with: Self.prefix.utf8) else { return nil }
    let digits = Array(text.utf8.dropFirst(Self.prefix.utf8.count))
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for position in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.value(digits[position]), let low = Self.value(digits[position + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }

  private init(bytes: [UInt8]) {
    var words = SIMD4<UInt64>()
    for index in words.indices { words[index] = bytes[8 * index..<8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    self.words = words
  }

  /// As it is read.
  package var text: String { Self.prefix + words.indices.map { hexadecimalDigits(of: words[$0]) }.joined() }

  /// Whether both are the same, in a time that does not depend on them.
  package static func == (a: KeyDigest, b: KeyDigest) -> Bool {
    let differences = a.words ^ b.words
    return differences[0] | differences[1] | differences[2] | differences[3] == 0
  }

  private static let prefix = "sha256:"

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
