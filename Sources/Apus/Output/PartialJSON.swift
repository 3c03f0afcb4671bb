package import ApusJSON

/// The beginning of a JSON text that is being written, and the value that is certain so far; a pure value.
///
/// Time of `value` goes with the text's length, memory with its depth.
package struct PartialJSON: Sendable {
  private enum Place { case value, key, afterKey, afterValue }

  private(set) var text: [UInt8] = []
  /// The brackets that are open, as the bytes that close them.
  private var closers: [UInt8] = []
  private var place = Place.value
  private var isInString = false, isEscaped = false
  /// How much of the text, with the brackets open there closed, is a value.
  private var certain = (count: 0, depth: 0)
  /// Where a string value begins that is not complete; nil where there is none.
  private var openString: Int?

  package init() {}

  /// Adds what was written.
  package mutating func append(_ more: some Sequence<UInt8>) { for byte in more { append(byte) } }

  private mutating func append(_ byte: UInt8) {
    text.append(byte)
    if isInString { return appendInString(byte) }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      if place == .value { openString = text.count - 1 }
    case UInt8(ascii: "{"), UInt8(ascii: "["): open(byte)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      _ = closers.popLast()
      endValue()
    case UInt8(ascii: ","):
      // A number or literal before it is complete now, and one at the very end is not.
      certain = (text.count - 1, closers.count)
      place = closers.last == UInt8(ascii: "}") ? .key : .value
    case UInt8(ascii: ":"): place = .value
    default: break
    }
  }

  private mutating func open(_ byte: UInt8) {
    closers.append(byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    place = byte == UInt8(ascii: "{") ? .key : .value
    certain = (text.count, closers.count)
  }

  private mutating func endValue() {
    place = .afterValue
    certain = (text.count, closers.count)
  }

  private mutating func appendInString(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isInString = false
      openString = nil
      if place == .value { endValue() } else { place = .afterKey }
    }
  }

  /// What is certain so far: strings as far as they are written, numbers only once they are complete; nil for nothing yet.
  package var value: JSONValue? {
    if let openString, let value = parsed(text[..<wholeCharacters(from: openString)], [UInt8(ascii: "\"")], closers) {
      return value
    }
    return parsed(text[..<certain.count], [], closers.prefix(certain.depth))
  }

  private func parsed(
    _ text: ArraySlice<UInt8>, _ end: [UInt8], _ closers: some BidirectionalCollection<UInt8>
  ) -> JSONValue? {
    try? JSONParser.parse(text + end + closers.reversed())
  }

  /// The end of the string that begins at `start`, without a character or escape that is not complete.
  private func wholeCharacters(from start: Int) -> Int {
    var (index, end) = (start + 1, start + 1)
    while index < text.count {
      index += length(at: index)
      if index <= text.count { end = index }
    }
    return end
  }

  /// Whether the escape there is the first half of a pair: `\uD8…` to `\uDB…`.
  private func isFirstOfPair(at index: Int) -> Bool {
    guard index + 3 < text.count else { return false }
    return text[index + 2] | 0x20 == UInt8(ascii: "d") && "89abAB".utf8.contains(text[index + 3])
  }

  private func length(at index: Int) -> Int {
    let byte = text[index]
    if byte == UInt8(ascii: "\\") {
      guard index + 1 < text.count, text[index + 1] == UInt8(ascii: "u") else { return 2 }
      return isFirstOfPair(at: index) ? 12 : 6
    }
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
  }
}
