/// White space up to its last line break: `\s*[\r\n]+`.
struct LineBreaks: MatchRule {
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    var position = start
    var found: Int?
    while position < end {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      guard CharacterClass(value) == .space else { break }
      position += byteCount
      if value == 0x0A || value == 0x0D { found = position }
    }
    return found
  }
}

/// White space without the last one before a word: `\s+(?!\S)|\s+`.
struct Spaces: MatchRule {
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    var position = start
    var last = start
    while position < end {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      guard CharacterClass(value) == .space else { break }
      last = position
      position += byteCount
    }
    guard position > start else { return nil }
    return position == end || last == start ? position : last
  }
}

/// The white space at the end of a piece: `\s+$`.
struct TrailingSpace: SplitRule {
  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int] {
    var result: [Int] = []
    var pieceStart = start
    for end in ends {
      var position = pieceStart
      var wordEnd = pieceStart
      while position < end {
        let (value, byteCount) = scalar(in: text, at: position, end: end)
        position += byteCount
        if CharacterClass(value) != .space { wordEnd = position }
      }
      if pieceStart < wordEnd, wordEnd < end { result.append(wordEnd) }
      result.append(end)
      pieceStart = end
    }
    return result
  }
}

/// Cuts pieces of nothing but white space within a line into blocks of 512, 256, 128, … 2 and 1 characters.
///
/// After `Spaces` that is Jais 2's `\s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`.
struct SpaceBlocks: SplitRule {
  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int] {
    var result: [Int] = []
    var pieceStart = start
    for end in ends {
      let count = blanks(text, pieceStart, end)
      var position = pieceStart
      var left = count
      while left > 0 {
        var size = 512
        while size > left { size /= 2 }
        position = endOfRun(of: .classes(.space), text, at: position, end: end, limit: size)
        result.append(position)
        left -= size
      }
      if count == 0 { result.append(end) }
      pieceStart = end
    }
    return result
  }

  /// How many characters the piece has if all are white space but line breaks, else 0.
  private func blanks(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = start
    var count = 0
    while position < end {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      guard CharacterClass(value) == .space, value != 0x0A, value != 0x0D else { return 0 }
      position += byteCount
      count += 1
    }
    return count
  }
}
