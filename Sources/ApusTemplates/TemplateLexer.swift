internal import ApusJSON
internal import ApusText

/// Cuts a template into tokens by Jinja 3.1's rules with `trim_blocks` and `lstrip_blocks`.
struct TemplateLexer {
  private let source: [UInt8]
  private var position = 0
  private var line = 1
  private var tokens: [TemplateToken] = []
  /// Whether the text before `position` ended a line (or nothing stands before it).
  private var isAtLineStart = true

  /// The tokens of `source`, `.end` last.
  static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(source)
    while lexer.position < lexer.source.count { try lexer.data() }
    lexer.append(.end)
    return lexer.tokens
  }

  /// A byte order mark is dropped, line ends become \n, and one at the very end is dropped.
  private init(_ source: String) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.utf8.count)
    var previous: UInt8 = 0
    let mark = ByteOrderMark(source.utf8) == nil ? 0 : ByteOrderMark.utf8Bytes.count
    for byte in source.utf8.dropFirst(mark) {
      if byte == 0x0D {
        bytes.append(0x0A)
      } else if byte != 0x0A || previous != 0x0D {
        bytes.append(byte)
      }
      previous = byte
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    self.source = bytes
  }

  private mutating func append(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, line: line)) }

  private func error(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: line) }

  private func byte(_ ahead: Int = 0) -> UInt8? {
    position + ahead < source.count ? source[position + ahead] : nil
  }

  private func hasPrefix(_ text: StaticString, at start: Int) -> Bool {
    guard start + text.utf8CodeUnitCount <= source.count else { return false }
    return source[start..<(start + text.utf8CodeUnitCount)].elementsEqual(text.description.utf8)
  }

  /// Moves to `end`, counting lines.
  private mutating func move(to end: Int) {
    for byte in source[position..<end] where byte == 0x0A { line += 1 }
    position = end
  }

  /// The position after the white space at `start`.
  private func endOfSpace(from start: Int) -> Int {
    var end = start
    while end < source.count, let width = spaceWidth(at: end) { end += width }
    return end
  }

  /// The length of the white space character at a position, or nil.
  private func spaceWidth(at position: Int) -> Int? {
    let lead = source[position]
    if lead < 0x80 { return Unicode.Scalar(lead).isPythonSpace ? 1 : nil }
    let (scalar, width) = scalar(at: position)
    return scalar.isPythonSpace ? width : nil
  }

  private func scalar(at position: Int) -> (Unicode.Scalar, width: Int) {
    let lead = source[position]
    let width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    let text = String(decoding: source[position..<min(position + width, source.count)], as: UTF8.self)
    return (text.unicodeScalars.first ?? "\u{FFFD}", width)
  }
}

// MARK: - Text between tags

extension TemplateLexer {
  private enum Tag { case comment, block, variable, raw(contentStart: Int) }

  /// Reads text up to the next tag, and the tag.
  private mutating func data() throws(TemplateError) {
    let start = position
    guard let (tagStart, tag) = nextTag(from: start) else {
      text(start, source.count)
      move(to: source.count)
      return
    }
    let sign = tagStart + 2 < source.count ? source[tagStart + 2] : 0
    let isVariable = if case .variable = tag { true } else { false }
    text(start, trimmedEnd(of: start, tagStart, sign: sign, isVariable: isVariable))
    move(to: tagStart)
    let afterSign = tagStart + (sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? 3 : 2)
    isAtLineStart = false
    switch tag {
    case .comment: try comment(from: afterSign)
    case .raw(let contentStart): try raw(from: contentStart)
    case .block: try tokens(from: afterSign, begin: .blockBegin, end: .blockEnd)
    case .variable: try tokens(from: afterSign, begin: .variableBegin, end: .variableEnd)
    }
  }

  private mutating func text(_ start: Int, _ end: Int) {
    if start < end { append(.data(Array(source[start..<end]))) }
  }

  private func nextTag(from start: Int) -> (Int, Tag)? {
    var index = start
    while index + 1 < source.count {
      if source[index] == UInt8(ascii: "{") {
        switch source[index + 1] {
        case UInt8(ascii: "{"): return (index, .variable)
        case UInt8(ascii: "#"): return (index, .comment)
        case UInt8(ascii: "%"): return (index, rawContentStart(index).map { .raw(contentStart: $0) } ?? .block)
        default: break
        }
      }
      index += 1
    }
    return nil
  }

  /// Where the content of `{% raw %}` starts, if that is what stands here.
  private func rawContentStart(_ tagStart: Int) -> Int? {
    guard let end = endOfWordTag("raw", at: tagStart) else { return nil }
    if hasPrefix("-%}", at: end) { return endOfSpace(from: end + 3) }
    return hasPrefix("%}", at: end) ? end + 2 : nil
  }

  /// The position after `{%`, an optional sign, and the word with the white space around it.
  private func endOfWordTag(_ word: StaticString, at tagStart: Int) -> Int? {
    var index = tagStart + 2
    if index < source.count, source[index] == UInt8(ascii: "-") || source[index] == UInt8(ascii: "+") { index += 1 }
    index = endOfSpace(from: index)
    guard hasPrefix(word, at: index) else { return nil }
    return endOfSpace(from: index + word.utf8CodeUnitCount)
  }

  /// Where text before a tag ends after `-`, or `lstrip_blocks`, has taken its white space.
  private func trimmedEnd(of start: Int, _ tagStart: Int, sign: UInt8, isVariable: Bool) -> Int {
    if sign == UInt8(ascii: "-") {
      return start + TemplateText(utf8: Array(source[start..<tagStart]), by: .template).stripped(.right).byteCount
    }
    if sign == UInt8(ascii: "+") || isVariable { return tagStart }
    let lineStart = source[start..<tagStart].lastIndex(of: 0x0A).map { $0 + 1 } ?? start
    guard lineStart > start || isAtLineStart else { return tagStart }
    var index = lineStart
    while index < tagStart, let width = spaceWidth(at: index) { index += width }
    return index >= tagStart ? lineStart : tagStart
  }

  /// The position after the end of a tag at `index` (`%}`, `-%}` …), with what it takes of the text behind it.
  private func endOfTag(_ mark: StaticString, at index: Int, allowsPlus: Bool, trims: Bool) -> Int? {
    if hasPrefix(mark, at: index) {
      return trims && index + 2 < source.count && source[index + 2] == 0x0A ? index + 3 : index + 2
    }
    guard hasPrefix(mark, at: index + 1) else { return nil }
    if source[index] == UInt8(ascii: "-") { return endOfSpace(from: index + 3) }
    return allowsPlus && source[index] == UInt8(ascii: "+") ? index + 3 : nil
  }

  private mutating func finishTag(at end: Int) {
    isAtLineStart = source[end - 1] == 0x0A
    move(to: end)
  }

  private mutating func comment(from start: Int) throws(TemplateError) {
    var index = start
    while index < source.count {
      if let end = endOfTag("#}", at: index, allowsPlus: true, trims: true) { return finishTag(at: end) }
      index += 1
    }
    throw error("Missing end of comment tag")
  }

  private mutating func raw(from start: Int) throws(TemplateError) {
    move(to: start)
    // The text of a raw block starts a line only after "-%}" that took a line end.
    isAtLineStart = source[start - 1] == 0x0A
    var index = start
    while index < source.count {
      if hasPrefix("{%", at: index), let close = endOfWordTag("endraw", at: index),
        let end = endOfTag("%}", at: close, allowsPlus: true, trims: true)
      {
        let sign = source[index + 2]
        text(start, trimmedEnd(of: start, index, sign: sign, isVariable: false))
        return finishTag(at: end)
      }
      index += 1
    }
    throw error("Missing end of raw directive")
  }
}

// MARK: - Inside tags

extension TemplateLexer {
  private mutating func tokens(
    from start: Int, begin: TemplateToken.Kind, end endKind: TemplateToken.Kind
  ) throws(TemplateError) {
    append(begin)
    position = start
    var open: [TemplateToken.Sign] = []
    let isBlock = endKind == .blockEnd
    while position < source.count {
      if open.isEmpty,
        let end = endOfTag(isBlock ? "%}" : "}}", at: position, allowsPlus: isBlock, trims: isBlock)
      {
        append(endKind)
        return finishTag(at: end)
      }
      try token(&open)
    }
    isAtLineStart = false
  }

  private mutating func token(_ open: inout [TemplateToken.Sign]) throws(TemplateError) {
    let spaceEnd = endOfSpace(from: position)
    if spaceEnd > position { return move(to: spaceEnd) }
    let lead = source[position]
    if lead >= UInt8(ascii: "0"), lead <= UInt8(ascii: "9") { return try number() }
    if lead == UInt8(ascii: "'") || lead == UInt8(ascii: "\"") { return try string(quote: lead) }
    if let end = endOfName() { return try name(to: end) }
    guard let sign = sign() else {
      throw error("unexpected char '\(scalar(at: position).0)' at byte \(position)")
    }
    try balance(sign, &open)
    append(.sign(sign))
    position += sign.rawValue.utf8.count
  }

  private func sign() -> TemplateToken.Sign? {
    let pair = String(decoding: source[position..<min(position + 2, source.count)], as: UTF8.self)
    return TemplateToken.Sign(rawValue: pair) ?? TemplateToken.Sign(rawValue: String(pair.unicodeScalars.prefix(1)))
  }

  private func balance(_ sign: TemplateToken.Sign, _ open: inout [TemplateToken.Sign]) throws(TemplateError) {
    switch sign {
    case .leftBrace: open.append(.rightBrace)
    case .leftBracket: open.append(.rightBracket)
    case .leftParenthesis: open.append(.rightParenthesis)
    case .rightBrace, .rightBracket, .rightParenthesis:
      guard let expected = open.popLast() else { throw error("unexpected '\(sign.rawValue)'") }
      guard expected == sign else {
        throw error("unexpected '\(sign.rawValue)', expected '\(expected.rawValue)'")
      }
    default: break
    }
  }

  private func endOfName() -> Int? {
    var end = position
    while end < source.count {
      let (scalar, width) = scalar(at: end)
      guard scalar.isPythonWord || scalar.properties.isXIDContinue else { break }
      end += width
    }
    return end > position ? end : nil
  }

  private mutating func name(to end: Int) throws(TemplateError) {
    let name = String(decoding: source[position..<end], as: UTF8.self)
    guard let first = name.unicodeScalars.first, first == "_" || first.properties.isXIDStart,
      name.unicodeScalars.allSatisfy(\.properties.isXIDContinue)
    else { throw error("Invalid character in identifier") }
    append(.name(name))
    position = end
  }

  /// The end of digits that underscores may separate, or nil where no digit stands at `start`.
  private func endOfDigits(from start: Int, _ isDigit: (UInt8) -> Bool) -> Int? {
    var index = start
    while index < source.count {
      if isDigit(source[index]) {
        index += 1
      } else if source[index] == UInt8(ascii: "_"), index > start, index + 1 < source.count,
        isDigit(source[index + 1])
      {
        index += 2
      } else {
        break
      }
    }
    return index > start ? index : nil
  }

  private mutating func number() throws(TemplateError) {
    let isDecimal: (UInt8) -> Bool = { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    let whole = endOfDigits(from: position, isDecimal) ?? position
    let isAfterDot = position > 0 && source[position - 1] == UInt8(ascii: ".")
    var end = whole
    if !isAfterDot {
      if end + 1 < source.count, source[end] == UInt8(ascii: ".") {
        end = endOfDigits(from: end + 1, isDecimal) ?? whole
      }
      if end < source.count, source[end] | 0x20 == UInt8(ascii: "e") {
        let hasSign =
          end + 1 < source.count && (source[end + 1] == UInt8(ascii: "+") || source[end + 1] == UInt8(ascii: "-"))
        end = endOfDigits(from: end + (hasSign ? 2 : 1), isDecimal) ?? end
      }
    }
    if end > whole {
      append(.double(Double(digits(position, end)) ?? .infinity))
      position = end
    } else {
      try integer(decimalEnd: whole)
    }
  }

  private func digits(_ start: Int, _ end: Int) -> String {
    String(decoding: source[start..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
  }

  private mutating func integer(decimalEnd: Int) throws(TemplateError) {
    var (start, end, radix) = (position, decimalEnd, 10)
    if source[position] == UInt8(ascii: "0") {
      // "010" is the number 0 followed by another number, which no grammar rule accepts.
      end = endOfDigits(from: position) { $0 == UInt8(ascii: "0") } ?? decimalEnd
      for (letter, base) in [(UInt8(ascii: "x"), 16), (UInt8(ascii: "o"), 8), (UInt8(ascii: "b"), 2)]
      where byte(1).map({ $0 | 0x20 }) == letter {
        let digitsStart = byte(2) == UInt8(ascii: "_") ? position + 3 : position + 2
        let digitsEnd = endOfDigits(from: digitsStart) { (hexDigitValue($0) ?? 99) < base }
        if let digitsEnd { (start, end, radix) = (digitsStart, digitsEnd, base) }
      }
    }
    guard let value = Int(digits(start, end), radix: radix) else {
      throw error("the whole number does not fit into 64 bits")
    }
    append(.int(value))
    position = end
  }

  private mutating func string(quote: UInt8) throws(TemplateError) {
    var end = position + 1
    while end < source.count, source[end] != quote { end += source[end] == UInt8(ascii: "\\") ? 2 : 1 }
    guard end < source.count else { throw error("unexpected char '\(Unicode.Scalar(quote))': the string has no end") }
    append(.text(TemplateText(utf8: try unescaped(position + 1, end), by: .template)))
    move(to: end + 1)
  }

  /// Decodes the escapes of Python's string literals.
  private func unescaped(_ start: Int, _ end: Int) throws(TemplateError) -> [UInt8] {
    var result: [UInt8] = []
    var index = start
    while index < end {
      guard source[index] == UInt8(ascii: "\\") else {
        result.append(source[index])
        index += 1
        continue
      }
      let code = source[index + 1]
      index += 2
      switch code {
      case 0x0A: break
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(code)
      case UInt8(ascii: "a"): result.append(0x07)
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "v"): result.append(0x0B)
      case UInt8(ascii: "x"): index = try hexEscape(index, digits: 2, end, &result)
      case UInt8(ascii: "u"): index = try hexEscape(index, digits: 4, end, &result)
      case UInt8(ascii: "U"): index = try hexEscape(index, digits: 8, end, &result)
      case UInt8(ascii: "0")...UInt8(ascii: "7"): index = octalEscape(index - 1, end, &result)
      case UInt8(ascii: "N"): throw error("\\N escapes are not supported")
      default: result.append(contentsOf: [UInt8(ascii: "\\"), code])
      }
    }
    return result
  }

  private func hexEscape(
    _ start: Int, digits: Int, _ end: Int, _ result: inout [UInt8]
  ) throws(TemplateError) -> Int {
    var value: UInt32 = 0
    for index in start..<(start + digits) {
      guard index < end, let digit = hexDigitValue(source[index]) else { throw error("truncated \\ escape") }
      value = value << 4 | UInt32(digit)
    }
    guard let scalar = Unicode.Scalar(value) else { throw error("the escape names no Unicode character") }
    result.append(contentsOf: String(scalar).utf8)
    return start + digits
  }

  private func octalEscape(_ start: Int, _ end: Int, _ result: inout [UInt8]) -> Int {
    var value: UInt32 = 0
    var index = start
    while index < min(end, start + 3), source[index] >= UInt8(ascii: "0"), source[index] <= UInt8(ascii: "7") {
      value = value << 3 | UInt32(source[index] - UInt8(ascii: "0"))
      index += 1
    }
    if let scalar = Unicode.Scalar(value) { result.append(contentsOf: String(scalar).utf8) }
    return index
  }
}
