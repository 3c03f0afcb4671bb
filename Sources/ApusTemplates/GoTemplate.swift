/// Templates in the format of Go's library, which Ollama takes: they have braces as Jinja has, and a language of their own.
enum GoTemplate {
  /// Why such a template cannot be used.
  static let error = TemplateError(
    .foreign, "in Go's format (Ollama's), not Jinja: get a file with a Jinja template")

  /// Whether a text that is no Jinja has an action of Go's: `{{ .Prompt }}`, `{{- if .System }}`, `{{ $last := … }}`.
  static func resembles(_ source: String) -> Bool {
    let bytes = Array(source.utf8)
    let brace = UInt8(ascii: "{")
    var start = 0
    while start + 1 < bytes.count {
      guard bytes[start] == brace, bytes[start + 1] == brace else {
        start += 1
        continue
      }
      start += 2
      if isAction(bytes[start...]) { return true }
    }
    return false
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static let keywords = ["if", "else", "range", "with", "not", "and", "or", "eq", "index", "len", "json"]

  /// Whether what follows two braces begins with a field or a variable, or with words of Go's and then one.
  private static func isAction(_ text: ArraySlice<UInt8>) -> Bool {
    let isSeparator = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == UInt8(ascii: "(") }
    var rest = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
    // As many words as any template of use has in a row.
    for _ in 0..<8 {
      rest = rest.drop(while: isSeparator)
      if let first = rest.first, first == UInt8(ascii: ".") || first == UInt8(ascii: "$") {
        return rest.dropFirst().first.map(isLetter) ?? false
      }
      let word = rest.prefix(while: isLetter)
      guard keywords.contains(where: { word.elementsEqual($0.utf8) }) else { return false }
      rest = rest[word.endIndex...]
    }
    return false
  }
}
