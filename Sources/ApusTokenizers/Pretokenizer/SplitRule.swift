/// One rule of a pre-tokenizer.
protocol SplitRule: Sendable {
  /// Cuts the pieces of `text` that start at `start` and end at `ends` further; returns where the smaller pieces end.
  func split(_ text: Span<UInt8>, from start: Int, _ ends: [Int]) -> [Int]
}

/// A rule that tells where a match ends if one starts at a given place, as a regular expression does.
protocol MatchRule: SplitRule {
  /// The end of the match that starts at `start`, looking no further than `end`; nil if none does.
  ///
  /// For the split to be linear, a failure must take constant time, or time in proportion to what the next rule of an
  /// alternation then matches.
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

/// The first of some rules that matches: `a|b|c`.
struct Alternation: MatchRule {
  private let rules: [any MatchRule]

  init(_ rules: [any MatchRule]) { self.rules = rules }

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    for rule in rules {
      if let matchEnd = rule.match(text, at: start, end: end) { return matchEnd }
    }
    return nil
  }
}
