/// A run of characters of one set, with one other character before it if there is one, and others behind:
/// `A?X{count}B*`.
struct ClassRun: MatchRule {
  private let set: CharacterSet
  private let count: ClosedRange<Int>
  private let before: CharacterSet?
  private let needsBefore: Bool
  private let behind: CharacterSet?
  private let behindLimit: Int

  /// The rule `A?X{count}B*`.
  ///
  /// - Parameters:
  ///   - set: X.
  ///   - count: How many characters of X match.
  ///   - before: A; nil for none.
  ///   - needsBefore: Whether A must be there.
  ///   - behind: B; nil for none.
  ///   - behindLimit: How many characters of B match at most.
  init(
    _ set: CharacterSet, count: ClosedRange<Int> = 1...Int.max, after before: CharacterSet? = nil,
    needsBefore: Bool = false, then behind: CharacterSet? = nil, behindLimit: Int = .max
  ) {
    self.set = set
    self.count = count
    self.before = before
    self.needsBefore = needsBefore
    self.behind = behind
    self.behindLimit = behindLimit
  }

  func match(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    guard let runEnd = run(text, at: start, end: end) else { return nil }
    guard let behind else { return runEnd }
    return endOfRun(of: behind, text, at: runEnd, end: end, limit: behindLimit)
  }

  private func run(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
    if let before {
      let (first, byteCount) = scalar(in: text, at: start, end: end)
      if before.contains(first), let runEnd = bareRun(text, at: start + byteCount, end: end) { return runEnd }
      if needsBefore { return nil }
    }
    return bareRun(text, at: start, end: end)
  }

  private func bareRun(_ text: Span<UInt8>, at start: Int, end: Int) -> Int? {
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

/// Where the run of characters of `set` that goes on at `position` ends, after at most `limit` of them.
func endOfRun(of set: CharacterSet, _ text: Span<UInt8>, at position: Int, end: Int, limit: Int = .max) -> Int {
  var position = position
  var length = 0
  while position < end, length < limit {
    let (value, byteCount) = scalar(in: text, at: position, end: end)
    guard set.contains(value) else { break }
    position += byteCount
    length += 1
  }
  return position
}
