/// Finds stop strings in text that arrives in pieces, and lets out only text that can be part of none.
///
/// Of all occurrences in the whole text the one that starts first counts; of those that start at the same place the
/// shortest, for it is complete first and the text before it is the same. How the text is cut into pieces changes
/// neither the stop found nor the text let out. Comparison is of UTF-8 bytes. Cost: linear in the text, for any number
/// of stop strings; what is held back is at most as long as the longest of them.
package struct StopMatcher: Sendable {
  /// What one piece of text brought.
  package struct Output: Sendable, Equatable {
    /// Bytes that are now safe to show; whole UTF-8 characters where every piece was.
    package var bytes: [UInt8]
    /// The index of the stop string found, nil where none is (yet).
    package var stop: Int?

    /// These bytes, and the stop string found if one is.
    package init(bytes: [UInt8] = [], stop: Int? = nil) {
      self.bytes = bytes
      self.stop = stop
    }

    /// The bytes as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// An occurrence, by its offset from the start of the text.
  private struct Match: Sendable {
    let start: Int
    let stop: Int
  }

  /// The most stop strings, and the most bytes in one.
  package static let maximumCount = 2500
  /// The most bytes in one stop string.
  package static let maximumByteCount = 256

  private let automaton: StopAutomaton
  private var node = StopAutomaton.root
  /// The bytes held back; the last one is the last of the text so far.
  private var held: [UInt8] = []
  /// Number of bytes of the text so far.
  private var position = 0
  /// The best occurrence so far; another may still turn out to start earlier.
  private var best: Match?
  private var isFinished = false

  /// A matcher for these stop strings; none is fine, an empty one is refused.
  package init(_ stops: [String]) throws(SamplingError) {
    guard stops.count <= Self.maximumCount else {
      throw .tooMany(field: "stop", count: stops.count, limit: Self.maximumCount)
    }
    var patterns: [[UInt8]] = []
    for (index, stop) in stops.enumerated() {
      let length = stop.utf8.count
      guard length > 0 else { throw .emptyEntry(field: "stop", index: index) }
      guard length <= Self.maximumByteCount else {
        throw .entryTooLong(
          field: "stop", index: index, length: length, limit: Self.maximumByteCount, unit: "bytes")
      }
      patterns.append(Array(stop.utf8))
    }
    automaton = StopAutomaton(patterns)
  }

  /// Takes the next piece of the text, which should end with a whole character.
  package mutating func feed(_ text: String) -> Output {
    feed(Array(text.utf8))
  }

  /// Takes the next bytes of the text; after a stop was found nothing more comes out.
  package mutating func feed(_ bytes: [UInt8]) -> Output {
    guard !isFinished else { return Output(stop: best?.stop) }
    guard !automaton.isEmpty else { return Output(bytes: bytes) }
    for byte in bytes {
      take(byte)
      if isDecided { return release(upTo: best?.start ?? position) }
    }
    return letOut(before: position - automaton.depth(of: node))
  }

  /// Ends the text: what was held back comes out, up to a stop string if one is in it.
  package mutating func finish() -> Output {
    guard !isFinished else { return Output(stop: best?.stop) }
    return release(upTo: best?.start ?? position)
  }

  private mutating func take(_ byte: UInt8) {
    held.append(byte)
    position += 1
    node = automaton.next(node, byte)
    guard let (stop, length) = automaton.longestMatch(at: node) else { return }
    let start = position - length
    if best.map({ start < $0.start }) ?? true { best = Match(start: start, stop: stop) }
  }

  /// True once a stop string is found and none that starts before it can be completed any more.
  private var isDecided: Bool {
    guard let best else { return false }
    return position - automaton.depth(of: node) >= best.start
  }

  /// Ends the matcher's work with the text up to `end`.
  private mutating func release(upTo end: Int) -> Output {
    isFinished = true
    var output = letOut(before: end)
    output.stop = best?.stop
    held = []
    return output
  }

  /// Takes the held bytes before offset `end` out.
  private mutating func letOut(before end: Int) -> Output {
    let count = end - (position - held.count)
    let output = Output(bytes: Array(held[..<count]))
    held.removeFirst(count)
    return output
  }
}
