/// The rule of Llama 3 (up to three digits together) and Qwen2 (one): `(?i:'s|'t|'re|'ve|'m|'ll|'d)|`
/// `[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
struct Llama3Words: MatchRule {
  /// How many digits stay together.
  let digits: Int

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    if let contraction = contraction(text, at: start, end: end, ignoringCase: true) { return contraction }
    let (first, byteCount) = scalar(in: text, at: start, end: end)
    let kind = WordClass(first)
    let second = start + byteCount
    switch kind {
    case .letter: return endOfRun(of: .letter, text, at: second, end: end)
    case .number: return endOfRun(of: .number, text, at: start, end: end, limit: digits)
    case .space, .other: break
    }
    let next = second < end ? WordClass(scalar(in: text, at: second, end: end).value) : nil
    if next == .letter, first != 0x0A, first != 0x0D { return endOfRun(of: .letter, text, at: second, end: end) }
    if kind == .other || (first == 0x20 && next == .other) {
      return endOfNewlines(text, at: endOfRun(of: .other, text, at: second, end: end), end: end)
    }
    return endOfLastNewline(text, at: start, end: end) ?? spaceBeforeWord(text, at: start, end: end)
  }

  private func endOfNewlines(_ text: Span<UInt8>, at position: Int, end: Int) -> Int {
    var position = position
    while position < end, isNewline(text[position]) { position += 1 }
    return position
  }

  /// The end of `\s*[\r\n]+`: after the last line break in the white space at `start`.
  private func endOfLastNewline(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    var position = start
    var found: Int?
    while position < end {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      if WordClass(value) != .space { break }
      if isNewline(text[position]) { found = position + 1 }
      position += byteCount
    }
    return found
  }

  private func isNewline(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
