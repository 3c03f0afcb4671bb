/// One rule of a pre-tokenizer.
protocol SplitRule: Sendable {
  /// Cuts the pieces of `text` that start at `start` and end at `ends` further; returns where the smaller pieces end.
  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int]
}

/// A rule that tells where a match ends if one starts at a given place, as a regular expression does.
protocol MatchRule: SplitRule {
  /// The end of the match that starts at `start`, looking no further than `end`; nil if none does.
  ///
  /// For the split to be linear, a failure must take constant time.
  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int?
}

extension MatchRule {
  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(ends.count)
    var position = start
    var pieceStart = start
    for end in ends {
      while position < end {
        if let matchEnd = match(text, at: position, end: end) {
          if pieceStart < position { result.append(position) }
          result.append(matchEnd)
          position = matchEnd
          pieceStart = matchEnd
        } else {
          position += scalar(in: text, at: position, end: end).byteCount
        }
      }
      if pieceStart < end { result.append(end) }
      pieceStart = end
    }
    return result
  }
}

/// Runs of one class of characters, `X{count}`, with `afterSpace` one white space before them: `\s?X{count}`.
struct ClassRun: MatchRule {
  private let set: CharacterSet
  private let count: ClosedRange<Int>
  private let afterSpace: Bool

  init(_ set: CharacterSet, count: ClosedRange<Int> = 1...Int.max, afterSpace: Bool = false) {
    self.set = set
    self.count = count
    self.afterSpace = afterSpace
  }

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    if afterSpace {
      let (first, byteCount) = scalar(in: text, at: start, end: end)
      if CharacterClass(first) == .space, let runEnd = run(text, at: start + byteCount, end: end) { return runEnd }
    }
    return run(text, at: start, end: end)
  }

  private func run(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    var position = start
    var length = 0
    while position < end, length < count.upperBound {
      let (value, byteCount) = scalar(in: text, at: position, end: end)
      guard set.contains(value) else { break }
      position += byteCount
      length += 1
    }
    return length >= count.lowerBound ? position : nil
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
