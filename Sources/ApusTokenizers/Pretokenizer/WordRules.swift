/// The end of an English word after an apostrophe: `'s|'t|'re|'ve|'m|'ll|'d`.
///
/// Ignoring case, U+017F (ſ) is an s, as in Unicode's case folding.
struct Contraction: MatchRule {
  let ignoresCase: Bool

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    guard text[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
    let fold: UInt8 = ignoresCase ? 0x20 : 0
    let first = text[start + 1] | (text[start + 1] < 0x80 ? fold : 0)
    let second = start + 2 < end && text[start + 2] < 0x80 ? text[start + 2] | fold : 0
    switch (first, second) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
      return start + 2
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    case (0xC5, _):
      return ignoresCase && start + 2 < end && text[start + 2] == 0xBF ? start + 3 : nil
    default:
      return nil
    }
  }
}

/// A word that begins where upper case follows lower case, as in `camelCase`: with U the upper case and L the lower
/// (letters without case and marks are both), `A?U*L+|A?U+L*`, and a contraction behind it where that is asked for.
struct CasedWord: MatchRule {
  var before: CharacterSet = .inLineNoneOf([.letter, .number])
  var upperCase: CharacterSet = .upperCase
  var lowerCase: CharacterSet = .lowerCase
  var contraction: Contraction?

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    guard let wordEnd = word(text, at: start, end: end) else { return nil }
    guard let contraction, wordEnd < end else { return wordEnd }
    return contraction.match(text, at: wordEnd, end: end) ?? wordEnd
  }

  private func word(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    let (first, byteCount) = scalar(in: text, at: start, end: end)
    guard before.contains(first) else {
      let parts = parts(text, at: start, end: end)
      return parts.lower ?? parts.upper
    }
    let parts = self.parts(text, at: start + byteCount, end: end)
    // A mark may stand before the word and in it: a pattern that goes back tries the one, then the other.
    return parts.lower ?? self.parts(text, at: start, end: end).lower ?? parts.upper
  }

  /// The ends of `U*L+` and of `U+L*` at `start`; nil where they do not match.
  private func parts(_ text: Span<UInt8>, at start: Int, end: Int) -> (lower: Int?, upper: Int?) {
    var position = start
    /// After the last character of the run that is lower case too.
    var lowerEnd: Int?
    while position < end {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      guard upperCase.contains(value) else { break }
      position += byteCount
      if lowerCase.contains(value) { lowerEnd = position }
    }
    let upper = position > start ? position : nil
    let tail = endOfRun(of: lowerCase, text, at: position, end: end)
    return (tail > position ? tail : lowerEnd, upper)
  }
}

/// The names of Chameleon's image tokens: `IMGIMG[A-I]{1,4}Z`.
struct ImageName: MatchRule {
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    var position = start
    for byte in "IMGIMG".utf8 {
      guard position < end, text[position] == byte else { return nil }
      position += 1
    }
    let letters = ClassRun(.range(0x41...0x49), count: 1...4).match(text, at: position, end: end)
    guard let letters, letters < end, text[letters] == UInt8(ascii: "Z") else { return nil }
    return letters + 1
  }
}

/// Words with single spaces between them as one: `A?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`.
struct Phrase: MatchRule {
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    let (first, byteCount) = scalar(in: text, at: start, end: end)
    let hasPrefix = CharacterSet.inLineNoneOf([.letter, .number]).contains(first)
    let wordStart = hasPrefix ? start + byteCount : start
    var position = wordStart
    while let wordEnd = letters(text, at: position, end: end) {
      position = wordEnd
      if position + 1 < end, text[position] == 0x20, letters(text, at: position + 1, end: end) != nil { position += 1 }
    }
    return position > wordStart ? position : nil
  }

  /// The end of `(?:\p{L}\p{M}*)+`.
  private func letters(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    guard start < end, CharacterClass(scalar(in: text, at: start, end: end).value) == .letter else { return nil }
    return endOfRun(of: .classes([.letter, .mark]), text, at: start, end: end)
  }
}

/// Runs of digits in groups of three counted from their end.
///
/// With a boundary that is `\d{1,3}(?=(?:\d{3})*\b)`, and as mere cuts `(?=(\d{3})+(?!\d))`.
struct DigitGroups: SplitRule {
  let digits: CharacterSet
  /// Whether runs before a letter or the like are left alone.
  var needsBoundary = false
  /// Whether there are cuts only within runs, none around them.
  var cutsOnly = false

  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int] {
    var result: [Int] = []
    var position = start
    var pieceStart = start
    func end(at end: Int) {
      if pieceStart < end { result.append(end) }
      pieceStart = end
    }
    for pieceEnd in ends {
      while position < pieceEnd {
        let runEnd = endOfRun(of: digits, text, at: position, end: pieceEnd)
        if runEnd == position {
          position += scalar(in: text, at: position, end: pieceEnd).byteCount
          continue
        }
        if !needsBoundary || !isWord(text, at: runEnd, end: pieceEnd) {
          if !cutsOnly { end(at: position) }
          for cut in cuts(text, position..<runEnd) { end(at: cut) }
          if !cutsOnly { end(at: runEnd) }
        }
        position = runEnd
      }
      end(at: pieceEnd)
    }
    return result
  }

  /// The places that are a multiple of three digits before the end of `run`.
  private func cuts(_ text: Span<UInt8>, _ run: Range<Int>) -> [Int] {
    var count = 0
    var position = run.lowerBound
    while position < run.upperBound {
      position += scalar(in: text, at: position, end: run.upperBound).byteCount
      count += 1
    }
    var cuts: [Int] = []
    position = run.lowerBound
    while position < run.upperBound {
      if count.isMultiple(of: 3) { cuts.append(position) }
      position = endOfRun(of: digits, text, at: position, end: run.upperBound, limit: (count - 1) % 3 + 1)
      count -= (count - 1) % 3 + 1
    }
    return cuts
  }

  private func isWord(_ text: Span<UInt8>, at position: Int, end: Int) -> Bool {
    guard position < end else { return false }
    let value = scalar(in: text, at: position, end: end).value
    if CharacterClasses([.letter, .mark]).contains(value) { return true }
    // Oniguruma, with which the models' tokenizers cut, counts the superscripts and fractions of Latin-1 too.
    if (0xB2...0xBE).contains(value) { return CharacterClass(value) == .number }
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    return properties.isAlphabetic || [.decimalNumber, .connectorPunctuation].contains(properties.generalCategory)
  }
}
