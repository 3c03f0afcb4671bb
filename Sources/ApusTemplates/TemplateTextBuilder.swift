/// A text being put together from parts that keep their authors.
struct TemplateTextBuilder {
  private(set) var utf8: [UInt8] = []
  private var origin = TextOrigin(.template)

  var byteCount: Int { utf8.count }

  mutating func reserveCapacity(_ byteCount: Int) { utf8.reserveCapacity(byteCount) }

  mutating func append(_ bytes: some Collection<UInt8>, by author: TextAuthor) {
    append(by: author) { $0.append(contentsOf: bytes) }
  }

  /// Appends what `body` appends.
  mutating func append(by author: TextAuthor, _ body: (inout [UInt8]) -> Void) {
    origin.turn(to: author, at: utf8.count)
    body(&utf8)
  }

  mutating func append(_ text: TemplateText) { append(text, 0..<text.byteCount) }

  /// Appends the bytes of `text` in `range`.
  mutating func append(_ text: TemplateText, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    origin.append(text.origin, range, at: utf8.count)
    utf8.append(contentsOf: text.utf8[range])
  }

  var text: TemplateText { TemplateText(utf8: utf8, origin: origin) }
}

extension TemplateText {
  /// Both texts, each with its authors; no markup.
  static func + (a: TemplateText, b: TemplateText) -> TemplateText {
    var builder = TemplateTextBuilder()
    builder.reserveCapacity(a.byteCount + b.byteCount)
    builder.append(a)
    builder.append(b)
    return builder.text
  }

  /// Calls `body` with the bytes and the author of every run.
  func forEachRun<Failure>(
    _ body: (ArraySlice<UInt8>, TextAuthor) throws(Failure) -> Void
  ) throws(Failure) {
    try origin.forEachRun(byteCount) { (range, author) throws(Failure) in try body(utf8[range], author) }
  }

  /// The text with what `body` appends in place of each byte, by the byte's author.
  func replacingBytes(_ body: (UInt8, inout [UInt8]) -> Void) -> TemplateText {
    var builder = TemplateTextBuilder()
    builder.reserveCapacity(byteCount)
    forEachRun { bytes, author in
      builder.append(by: author) { result in
        for byte in bytes { body(byte, &result) }
      }
    }
    return builder.text
  }
}
