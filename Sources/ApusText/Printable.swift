/// Text for a message or a listing: at most `limit` bytes, controls and other invisible characters escaped.
///
/// Cost: linear in the bytes kept, not in the text's length.
package func printable(_ text: String, limit: Int) -> String {
  printable(text.utf8, limit: limit)
}

/// Bytes that are meant to be UTF-8, as `printable(_:limit:)` shows text; invalid bytes become U+FFFD.
package func printable(_ bytes: some Sequence<UInt8>, limit: Int) -> String {
  let ellipsis = "…"
  let room = limit - ellipsis.utf8.count
  var result = ""
  var decoder = UTF8()
  var source = bytes.makeIterator()
  while true {
    let next: String
    switch decoder.decode(&source) {
    case .scalarValue(let scalar): next = escaped(scalar)
    case .error: next = "\u{FFFD}"
    case .emptyInput: return result
    }
    guard result.utf8.count + next.utf8.count <= room else { return result + ellipsis }
    result += next
  }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  switch scalar {
  case "\n": return "\\n"
  case "\t": return "\\t"
  case "\r": return "\\r"
  default: break
  }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
    return "\\u{" + String(scalar.value, radix: 16) + "}"
  default: return String(Character(scalar))
  }
}
