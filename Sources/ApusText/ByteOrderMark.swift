/// The mark that some programs put before a text they store: it tells how, and is no part of what the text says.
package enum ByteOrderMark: Sendable {
  case utf8
  case utf16

  /// The mark that `bytes` begin with, if there is one.
  package init?(_ bytes: some Collection<UInt8>) {
    if bytes.starts(with: Self.utf8Bytes) {
      self = .utf8
    } else if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      self = .utf16
    } else {
      return nil
    }
  }

  /// Whether more bytes behind these may make a mark of them.
  package static func mayBegin(with bytes: [UInt8]) -> Bool {
    [utf8Bytes, [0xFF, 0xFE], [0xFE, 0xFF]].contains { $0.count > bytes.count && $0.starts(with: bytes) }
  }

  /// Bytes to skip where the mark is one of UTF-8.
  package static let utf8Bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
}

extension String {
  /// The text without a byte order mark before it: that tells how a text was stored, and is no part of what it says.
  package var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}
