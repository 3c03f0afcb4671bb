internal import ApusText

extension GGUFValue: CustomStringConvertible {
  package var description: String { description(limit: 200) }

  /// The value as `inspect` shows it, in at most `limit` bytes; the cost is bounded by `limit` as well.
  package func description(limit: Int) -> String {
    switch self {
    case .uint8(let value): "\(value)"
    case .int8(let value): "\(value)"
    case .uint16(let value): "\(value)"
    case .int16(let value): "\(value)"
    case .uint32(let value): "\(value)"
    case .int32(let value): "\(value)"
    case .uint64(let value): "\(value)"
    case .int64(let value): "\(value)"
    case .float32(let value): "\(value)"
    case .float64(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): value.description(limit: limit)
    case .array(let value): value.description(limit: limit)
    }
  }
}

extension GGUFString {
  /// The text in quotes, escaped and cut to `limit` bytes.
  package func description(limit: Int) -> String { quoted(span, limit: limit) }
}

extension GGUFArray {
  /// The first elements and the count, in at most `limit` bytes.
  package func description(limit: Int) -> String {
    let end = " … \(count) × \(elementType.name)]"
    var result = "["
    for index in 0..<count {
      let element = (index == 0 ? "" : ", ") + describedElement(index, limit: limit)
      guard result.utf8.count + element.utf8.count + end.utf8.count <= limit else { return result + end }
      result += element
    }
    return result + "]"
  }

  private func describedElement(_ index: Int, limit: Int) -> String {
    if let strings { return quoted(strings.span(at: index), limit: min(limit, 40)) }
    guard let size = elementType.byteCount else { return "[…]" }
    var cursor = ByteCursor(file)
    cursor.move(to: range.lowerBound + index * size)
    let element = (try? GGUFValue.single(elementType, from: &cursor, of: .file)) ?? nil
    return element?.description(limit: limit) ?? "?"
  }
}

/// Bytes in quotes, escaped and cut to `limit` bytes.
private func quoted(_ span: Span<UInt8>, limit: Int) -> String {
  let start = copy(span.extracting(first: max(0, limit)))
  let text = printable(start, limit: max(3, limit - 2))
  return "\"" + text + (start.count < span.count && !text.hasSuffix("…") ? "…" : "") + "\""
}
