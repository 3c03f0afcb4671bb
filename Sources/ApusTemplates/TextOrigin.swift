/// Who decided a byte of a text.
enum TextAuthor: Sendable {
  /// The template: what it spells out, and what it computes from nothing else. Whole numbers, floats, truth values
  /// and brackets are its words, wherever their values come from: none of them can spell a control token.
  case template
  /// A message, a tool, or anything else that a request brings.
  case message
}

/// Who decided the bytes of a text: one author for all, or both in turn.
///
/// There are never more runs than bytes, and no list of runs where there is one author.
struct TextOrigin: Sendable {
  private var first: TextAuthor
  /// Where each run but the last ends, rising; at every end the author changes.
  private var ends: [Int] = []

  init(_ author: TextAuthor) { first = author }

  /// How many times the author changes: what keeping the runs costs beyond the bytes.
  var changeCount: Int { ends.count }

  /// The author of what is made from the text as a whole: a message where it has a part in it.
  var whole: TextAuthor { ends.isEmpty ? first : .message }

  private func author(ofRun run: Int) -> TextAuthor {
    run.isMultiple(of: 2) ? first : first == .template ? .message : .template
  }

  /// The run with the byte at `position`; O(log runs).
  private func run(at position: Int) -> Int {
    var (low, high) = (0, ends.count)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > position { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Takes note that the bytes from `position`, the present end of the text, are by `author`.
  mutating func turn(to author: TextAuthor, at position: Int) {
    if position == 0 {
      self = TextOrigin(author)
    } else if author != self.author(ofRun: ends.count) {
      // A run without bytes is none.
      if ends.last == position { ends.removeLast() } else { ends.append(position) }
    }
  }

  /// Takes note that the bytes of another text in `range`, which is not empty, follow from `position` on.
  mutating func append(_ other: TextOrigin, _ range: Range<Int>, at position: Int) {
    var run = other.run(at: range.lowerBound)
    turn(to: other.author(ofRun: run), at: position)
    while run < other.ends.count, other.ends[run] < range.upperBound {
      ends.append(other.ends[run] - range.lowerBound + position)
      run += 1
    }
  }

  /// The origin of the bytes in `range`; O(log runs + runs in the range).
  subscript(range: Range<Int>) -> TextOrigin {
    if ends.isEmpty || range.isEmpty { return TextOrigin(first) }
    var part = TextOrigin(first)
    part.append(self, range, at: 0)
    return part
  }

  /// Calls `body` with the range and author of every run of a text of `byteCount` bytes.
  func forEachRun<Failure>(
    _ byteCount: Int, _ body: (Range<Int>, TextAuthor) throws(Failure) -> Void
  ) throws(Failure) {
    var start = 0
    for run in 0...ends.count {
      let end = run < ends.count ? ends[run] : byteCount
      if start < end { try body(start..<end, author(ofRun: run)) }
      start = end
    }
  }
}
