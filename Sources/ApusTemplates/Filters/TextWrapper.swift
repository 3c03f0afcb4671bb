/// Breaks one line at white space, as Python's `textwrap` does with its defaults; linear in the line's length.
struct TextWrapper {
  private let line: TemplateText
  private let scalars: [Unicode.Scalar]
  private let width: Int
  private let breaksWords: Bool
  private let breaksHyphens: Bool
  /// The pieces that stay together, as ranges of `scalars`; the next one first.
  private var chunks: ArraySlice<Range<Int>>
  /// A code point with its place in bytes: where the last line ended.
  private var reached = (scalar: 0, byte: 0)

  init(_ line: TemplateText, width: Int, breaksWords: Bool, breaksHyphens: Bool) {
    self.line = line
    scalars = Array(line.scalars)
    self.width = width
    self.breaksWords = breaksWords
    self.breaksHyphens = breaksHyphens
    chunks = Self.chunks(scalars, breaksHyphens: breaksHyphens)[...]
  }

  /// Runs of white space, and words, cut behind hyphens between letters where asked.
  private static func chunks(_ scalars: [Unicode.Scalar], breaksHyphens: Bool) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var start = 0
    for index in scalars.indices.dropFirst() {
      let isBehindHyphen =
        breaksHyphens && index > 1 && scalars[index - 1] == "-" && scalars[index - 2].isPythonAlpha
        && scalars[index].isPythonAlpha
      if scalars[index - 1].isPythonSpace != scalars[index].isPythonSpace || isBehindHyphen {
        chunks.append(start..<index)
        start = index
      }
    }
    if start < scalars.count { chunks.append(start..<scalars.count) }
    return chunks
  }

  mutating func lines() -> [TemplateText] {
    var lines: [TemplateText] = []
    while !chunks.isEmpty {
      if !lines.isEmpty, let first = chunks.first, isSpace(first) { _ = chunks.popFirst() }
      if let line = nextLine() { lines.append(line) }
    }
    return lines
  }

  private func isSpace(_ chunk: Range<Int>) -> Bool { scalars[chunk.lowerBound].isPythonSpace }

  /// Takes what fits into one line; nil where only white space was left.
  private mutating func nextLine() -> TemplateText? {
    guard let start = chunks.first?.lowerBound else { return nil }
    var end = start
    var lastChunk: Range<Int>?
    while let chunk = chunks.first, chunk.upperBound - start <= width {
      end = chunk.upperBound
      lastChunk = chunk
      _ = chunks.popFirst()
    }
    if let chunk = chunks.first, chunk.count > width, breaksWords || end == start {
      let cut = breaksWords ? self.cut(chunk, room: width - (end - start)) : chunk.upperBound
      if cut < chunk.upperBound { chunks[chunks.startIndex] = cut..<chunk.upperBound } else { _ = chunks.popFirst() }
      if cut > chunk.lowerBound { lastChunk = chunk.lowerBound..<cut }
      end = cut
    }
    if let lastChunk, isSpace(lastChunk) { end = lastChunk.lowerBound }
    guard end > start else { return nil }
    let startByte = byteOffset(of: start)
    return line[startByte..<byteOffset(of: end)]
  }

  /// Where a code point starts in bytes; asked for in rising order.
  private mutating func byteOffset(of scalar: Int) -> Int {
    for passed in scalars[reached.scalar..<scalar] { reached.byte += UTF8.width(passed) }
    reached.scalar = scalar
    return reached.byte
  }

  /// Where to cut a word that is too long: behind its last hyphen in the room, or at the end of the room.
  private func cut(_ chunk: Range<Int>, room: Int) -> Int {
    let end = chunk.lowerBound + room
    guard breaksHyphens, let hyphen = scalars[chunk.lowerBound..<end].lastIndex(of: "-"), hyphen > chunk.lowerBound,
      scalars[chunk.lowerBound..<hyphen].contains(where: { $0 != "-" })
    else { return end }
    return hyphen + 1
  }
}
