/// Swift or C text with comments and string literals replaced by spaces; line breaks stay.
///
/// Knows nested comments, raw and multiline strings and interpolations. A regex literal is not recognised.
struct CodeText {
  private let bytes: [UInt8]
  private var output: [UInt8] = []
  private var position = 0

  private init(_ text: String) { bytes = Array(text.utf8) }

  static func blankingCommentsAndStrings(in text: String) -> String {
    var scanner = CodeText(text)
    while scanner.position < scanner.bytes.count { scanner.element() }
    return String(decoding: scanner.output, as: UTF8.self)
  }

  /// Copies one character of code, or blanks one comment or literal.
  private mutating func element() {
    if starts("//") {
      while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { blank() }
    } else if starts("/*") {
      comment()
    } else if let hashes = openingHashes() {
      string(hashes: hashes)
    } else if starts("'\\''") || starts("'\"'") {
      // C's quote characters, which would open a string.
      blank(starts("'\\''") ? 4 : 3)
    } else {
      output.append(bytes[position])
      position += 1
    }
  }

  private mutating func comment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        blank(2)
      } else if starts("*/") {
        depth -= 1
        blank(2)
      } else {
        blank()
      }
    } while depth > 0 && position < bytes.count
  }

  /// The number of `#` before a quote that opens a string here, or nil where none opens.
  private func openingHashes() -> Int? {
    var end = position
    while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
    return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - position : nil
  }

  private mutating func string(hashes: Int) {
    blank(hashes)
    let marks = String(repeating: "#", count: hashes)
    let isMultiline = starts("\"\"\"")
    let quotes = isMultiline ? "\"\"\"" : "\""
    blank(quotes.utf8.count)
    while position < bytes.count {
      if starts(quotes + marks) { return blank(quotes.utf8.count + hashes) }
      if !isMultiline, bytes[position] == UInt8(ascii: "\n") { return }
      if starts("\\" + marks + "(") {
        blank(1 + hashes)
        interpolation()
      } else if starts("\\" + marks) {
        blank(2 + hashes)
      } else {
        blank()
      }
    }
  }

  /// Blanks a parenthesised expression, which may hold strings of its own.
  private mutating func interpolation() {
    var depth = 0
    repeat {
      if let hashes = openingHashes() {
        string(hashes: hashes)
        continue
      }
      if starts("(") { depth += 1 }
      if starts(")") { depth -= 1 }
      blank()
    } while depth > 0 && position < bytes.count
  }

  private func starts(_ prefix: String) -> Bool {
    bytes[position...].starts(with: prefix.utf8)
  }

  private mutating func blank(_ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      output.append(bytes[position] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
      position += 1
    }
  }
}
