/// GPT-2's rule: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
struct GPT2Words: MatchRule {
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    if let contraction = contraction(text, at: start, end: end, ignoringCase: false) { return contraction }
    var position = start
    if text[start] == 0x20, start + 1 < end { position += 1 }
    let (value, byteCount) = scalar(in: text, at: position, end: end)
    let kind = WordClass(value)
    if kind != .space { return endOfRun(of: kind, text, at: position + byteCount, end: end) }
    return spaceBeforeWord(text, at: start, end: end)
  }
}

/// A character as word rules see it: punctuation, symbols, marks and all the rest are one class.
enum WordClass {
  case letter
  case number
  case space
  case other

  init(_ value: UInt32) {
    switch CharacterClass(value) {
    case .letter: self = .letter
    case .number: self = .number
    case .space: self = .space
    case .punctuation, .other: self = .other
    }
  }
}

/// Where the run of characters of class `kind` that goes on at `position` ends, after at most `limit` of them.
func endOfRun(
  of kind: WordClass, _ text: Span<UInt8>, at position: Int, end: Int, limit: Int = .max
) -> Int {
  var position = position
  var length = 0
  while position < end, length < limit {
    let (value, byteCount) = scalar(in: text, at: position, end: end)
    if WordClass(value) != kind { break }
    position += byteCount
    length += 1
  }
  return position
}

/// The end of `\s+(?!\S)|\s+`: all white space if the text ends after it or it is one character, else all but the last.
func spaceBeforeWord(_ text: Span<UInt8>, at start: Int, end: Int) -> Int {
  var position = start
  var last = start
  while position < end {
    let (value, byteCount) = scalar(in: text, at: position, end: end)
    if WordClass(value) != .space { return last > start ? last : position }
    last = position
    position += byteCount
  }
  return end
}

/// The end of `'s|'t|'re|'ve|'m|'ll|'d`; ignoring case, U+017F (ſ) is an s, as in Unicode's case folding.
func contraction(_ text: Span<UInt8>, at start: Int, end: Int, ignoringCase: Bool) -> Int? {
  guard text[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
  let fold: UInt8 = ignoringCase ? 0x20 : 0
  let first = text[start + 1] | (text[start + 1] < 0x80 ? fold : 0)
  let second = start + 2 < end && text[start + 2] < 0x80 ? text[start + 2] | fold : 0
  switch (first, second) {
  case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
    return start + 2
  case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
    (UInt8(ascii: "l"), UInt8(ascii: "l")):
    return start + 3
  case (0xC5, _):
    return ignoringCase && start + 2 < end && text[start + 2] == 0xBF ? start + 3 : nil
  default:
    return nil
  }
}
