internal import ApusCore

/// Writes numbers and texts of a recording: small numbers take a byte.
struct RecordWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  /// Writes seven bits of a number in each byte, the lowest first; the high bit says that more follow.
  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Writes a number that is not negative.
  mutating func count(_ value: Int) { number(UInt64(value)) }

  mutating func double(_ value: Double) { fixed(value.bitPattern) }

  /// Writes the eight bytes of a number, the lowest first.
  mutating func fixed(_ value: UInt64) { bytes.append(littleEndian: value) }

  mutating func text(_ text: String) {
    count(text.utf8.count)
    bytes += text.utf8
  }

  /// Ends a recording with a digest of all that was written.
  mutating func seal() { fixed(RecordReader.digest(of: bytes[...])) }
}

/// Why bytes are no recording.
struct RecordDamage: Error {}

/// Reads what a `RecordWriter` has written; the bytes may be anything.
struct RecordReader {
  private var rest: ArraySlice<UInt8>

  /// Reads bytes that end with their digest; throws where they do not.
  init(_ bytes: [UInt8]) throws(RecordDamage) {
    guard bytes.count >= 8 else { throw RecordDamage() }
    var end = RecordReader(rest: bytes.suffix(8))
    rest = bytes.dropLast(8)
    guard try end.fixed() == Self.digest(of: rest) else { throw RecordDamage() }
  }

  private init(rest: ArraySlice<UInt8>) { self.rest = rest }

  static func digest(of bytes: ArraySlice<UInt8>) -> UInt64 {
    let bytes = Array(bytes)
    return unsafe contentDigest(of: bytes.span.bytes, at: 0)
  }

  /// Whether all was read.
  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() throws(RecordDamage) -> UInt8 {
    guard let byte = rest.popFirst() else { throw RecordDamage() }
    return byte
  }

  mutating func number() throws(RecordDamage) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let byte = try byte()
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || bits <= 1 else { throw RecordDamage() }
      value |= bits << UInt64(shift)
      if byte & 0x80 == 0 { return value }
    }
    throw RecordDamage()
  }

  /// A number of at most `limit`.
  mutating func count(upTo limit: Int) throws(RecordDamage) -> Int {
    guard let count = Int(exactly: try number()), count <= limit else { throw RecordDamage() }
    return count
  }

  /// The length of a list whose members take `byteCount` bytes at least, all of which are there.
  mutating func length(ofEach byteCount: Int) throws(RecordDamage) -> Int {
    let length = try count(upTo: rest.count)
    guard length <= rest.count / byteCount else { throw RecordDamage() }
    return length
  }

  mutating func fixed() throws(RecordDamage) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 8) { value |= UInt64(try byte()) << shift }
    return value
  }

  /// The logarithm of a probability: not above 0, but for the last bits of what it was computed from.
  mutating func logarithm() throws(RecordDamage) -> Double {
    let value = Double(bitPattern: try fixed())
    guard value < 1 else { throw RecordDamage() }
    return value
  }

  mutating func text() throws(RecordDamage) -> String {
    let length = try length(ofEach: 1)
    defer { rest = rest.dropFirst(length) }
    guard let text = String(validating: rest.prefix(length), as: UTF8.self) else { throw RecordDamage() }
    return text
  }
}
