internal import ApusText

/// What a text says, without what only its storage says.
enum StoredText {
  /// `bytes` without a byte order mark; throws where they are UTF-16.
  static func withoutMark(_ bytes: [UInt8], from source: String) throws(Failure) -> [UInt8] {
    switch ByteOrderMark(bytes) {
    case nil: return bytes
    case .utf8: return Array(bytes.dropFirst(ByteOrderMark.utf8Bytes.count))
    case .utf16: throw Failure("\(source) is UTF-16 text: save it as UTF-8")
    }
  }

  /// Bytes of a prompt or a corpus, their mark already gone: line ends become \n, and one at the very end is dropped.
  static func prompt(_ bytes: [UInt8]) -> [UInt8] {
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for byte in bytes {
      if byte == lineFeed, result.last == carriageReturn { result.removeLast() }
      result.append(byte)
    }
    if result.last == lineFeed { result.removeLast() }
    return result
  }

  /// The same as text; throws where it is not UTF-8.
  static func promptText(_ bytes: [UInt8], from source: String) throws(Failure) -> String {
    try text(prompt(bytes), from: source)
  }

  /// `bytes` as text; throws where they are not UTF-8.
  static func text(_ bytes: [UInt8], from source: String) throws(Failure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("\(source) is not UTF-8 text: save it as UTF-8")
    }
    return text
  }
}
