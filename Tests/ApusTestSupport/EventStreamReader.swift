/// A message of AWS's binary event stream, as a client reads it: a second reading of the format, on purpose.
package struct EventStreamMessage: Sendable, Equatable {
  package let headers: [String: String]
  package let payload: [UInt8]

  /// The payload as text.
  package var text: String { String(decoding: payload, as: UTF8.self) }

  /// The messages that `bytes` are; nil where a checksum, a length or a header is wrong.
  package static func all(in bytes: [UInt8]) -> [EventStreamMessage]? {
    var rest = bytes[...]
    var messages: [EventStreamMessage] = []
    while !rest.isEmpty {
      guard rest.count >= 16, let total = number(rest.prefix(4)), total >= 16, total <= rest.count,
        let message = EventStreamMessage(rest.prefix(total))
      else { return nil }
      messages.append(message)
      rest = rest.dropFirst(total)
    }
    return messages
  }

  private init?(_ bytes: ArraySlice<UInt8>) {
    guard Self.checksum(bytes.prefix(8)) == Self.number(bytes.dropFirst(8).prefix(4)),
      Self.checksum(bytes.dropLast(4)) == Self.number(bytes.suffix(4)),
      let headerCount = Self.number(bytes.dropFirst(4).prefix(4)), headerCount <= bytes.count - 16
    else { return nil }
    payload = Array(bytes.dropFirst(12 + headerCount).dropLast(4))
    var rest = bytes.dropFirst(12).prefix(headerCount)
    var headers: [String: String] = [:]
    while let nameCount = rest.popFirst() {
      let name = String(decoding: rest.prefix(Int(nameCount)), as: UTF8.self)
      rest = rest.dropFirst(Int(nameCount))
      guard rest.popFirst() == 7, rest.count >= 2, let valueCount = Self.number(rest.prefix(2)),
        rest.count >= 2 + valueCount
      else { return nil }
      headers[name] = String(decoding: rest.dropFirst(2).prefix(valueCount), as: UTF8.self)
      rest = rest.dropFirst(2 + valueCount)
    }
    self.headers = headers
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    bytes.isEmpty ? nil : bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  /// CRC-32, bit by bit.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    var remainder: UInt32 = .max
    for byte in bytes {
      for bit in 0..<8 {
        let isOdd = (remainder ^ UInt32(byte >> bit)) & 1 == 1
        remainder = remainder >> 1 ^ (isOdd ? 0xEDB8_8320 : 0)
      }
    }
    return Int(~remainder)
  }
}
