internal import HTTPTypes

/// Reads a body of `multipart/form-data` piece by piece, and holds no more of it than a piece and a part's header.
///
/// Strict: the body begins with the boundary, every part has a name, and nothing stands behind the end but a line's end.
package struct MultipartReader: Sendable {
  /// What a piece of the body holds.
  package enum Event: Sendable, Equatable {
    case begin(name: String, filename: String?)
    case data([UInt8])
    case end
  }

  private enum State {
    /// Behind a boundary: a line's end, or the end of all.
    case boundary
    case header
    case data
    case over
  }

  private static let headerLimit = 8 << 10
  private static let partLimit = 32
  private let delimiter: [UInt8]
  private var state = State.data
  private var buffer: [UInt8] = [0x0D, 0x0A]
  private var partCount = 0

  /// A reader for a content type; nil where it is another one or has no good boundary.
  package init?(contentType: String) {
    guard contentType.lowercased().hasPrefix("multipart/form-data"),
      let boundary = Self.parameter("boundary", in: contentType), (1...70).contains(boundary.utf8.count),
      boundary.utf8.allSatisfy({ (0x21...0x7E).contains($0) || $0 == 0x20 }), boundary.utf8.last != 0x20
    else { return nil }
    delimiter = Array("\r\n--\(boundary)".utf8)
  }

  /// What comes with these bytes.
  package mutating func feed(_ bytes: some Sequence<UInt8>) throws(MultipartError) -> [Event] {
    buffer.append(contentsOf: bytes)
    var events: [Event] = []
    while try step(&events) {}
    return events
  }

  /// Throws where the body ended before its last boundary.
  package func finish() throws(MultipartError) {
    guard case .over = state else { throw MultipartError("the body ends before its last boundary") }
  }

  /// Goes on as far as the buffer says; false where more must come.
  private mutating func step(_ events: inout [Event]) throws(MultipartError) -> Bool {
    switch state {
    case .boundary:
      guard buffer.count >= 2 else { return false }
      if buffer.starts(with: "--".utf8) {
        state = .over
      } else if buffer.starts(with: "\r\n".utf8) {
        state = .header
      } else {
        throw MultipartError("a boundary is followed by neither a line's end nor '--'")
      }
      buffer.removeFirst(2)
      return true
    case .header:
      guard let end = position(of: Array("\r\n\r\n".utf8)) else {
        guard buffer.count <= Self.headerLimit else { throw MultipartError("the header of a part is too long") }
        return false
      }
      events.append(try begin(Array(buffer[..<end])))
      buffer.removeFirst(end + 4)
      state = .data
      return true
    case .data: return try readData(&events)
    case .over:
      guard buffer.isEmpty || Array("\r\n".utf8).starts(with: buffer) else {
        throw MultipartError("something stands behind the last boundary")
      }
      return false
    }
  }

  private mutating func readData(_ events: inout [Event]) throws(MultipartError) -> Bool {
    let end = position(of: delimiter)
    // What is left may be the beginning of a boundary.
    let count = end ?? max(0, buffer.count - delimiter.count + 1)
    guard partCount > 0 else {
      guard let end, end == 0 else {
        guard delimiter.starts(with: buffer) else { throw MultipartError("the body does not begin with its boundary") }
        return false
      }
      buffer.removeFirst(delimiter.count)
      (state, partCount) = (.boundary, 1)
      return true
    }
    if count > 0 { events.append(.data(Array(buffer[..<count]))) }
    guard end != nil else {
      buffer.removeFirst(count)
      return false
    }
    events.append(.end)
    buffer.removeFirst(count + delimiter.count)
    state = .boundary
    return true
  }

  private mutating func begin(_ header: [UInt8]) throws(MultipartError) -> Event {
    partCount += 1
    guard partCount <= Self.partLimit + 1 else { throw MultipartError("the body has too many parts") }
    guard let text = String(validating: header, as: UTF8.self) else {
      throw MultipartError("the header of a part is not UTF-8 text")
    }
    let lines = text.split(separator: "\r\n")
    guard let line = lines.first(where: { $0.lowercased().hasPrefix("content-disposition:") }),
      let name = Self.parameter("name", in: String(line))
    else { throw MultipartError("a part has no name") }
    return .begin(name: name, filename: Self.parameter("filename", in: String(line)))
  }

  /// Where the buffer has these bytes first.
  private func position(of bytes: [UInt8]) -> Int? {
    guard buffer.count >= bytes.count else { return nil }
    return (0...(buffer.count - bytes.count)).first { start in
      buffer[start] == bytes[0] && buffer[start..<(start + bytes.count)].elementsEqual(bytes)
    }
  }

  /// The value of a parameter behind a header's value: `; name=value` or `; name="value"`.
  private static func parameter(_ name: String, in text: String) -> String? {
    var rest = Array(text.unicodeScalars)[...]
    while let semicolon = rest.firstIndex(of: ";") {
      rest = rest[(semicolon + 1)...].drop { $0 == " " }
      let key = String(String.UnicodeScalarView(rest.prefix { $0 != "=" && $0 != ";" }))
      rest = rest.dropFirst(key.unicodeScalars.count)
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst()
      let value = takeValue(&rest)
      if key.lowercased() == name { return value }
    }
    return nil
  }

  private static func takeValue(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
    var value = String.UnicodeScalarView()
    guard rest.first == "\"" else {
      value.append(contentsOf: rest.prefix { $0 != ";" && $0 != " " })
      rest = rest.dropFirst(value.count)
      return String(value)
    }
    rest = rest.dropFirst()
    while let scalar = rest.popFirst(), scalar != "\"" {
      value.append(scalar == "\\" ? rest.popFirst() ?? scalar : scalar)
    }
    return String(value)
  }
}

/// What is wrong with a body of parts.
package struct MultipartError: Error, Sendable, Equatable {
  package let reason: String

  init(_ reason: String) { self.reason = reason }
}
