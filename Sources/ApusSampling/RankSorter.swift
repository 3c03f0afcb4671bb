/// Sorts candidates best first in linear time, whatever their values, in storage that it keeps.
struct RankSorter: Sendable {
  private var scratch: [Candidate] = []
  private var counts = [Int](repeating: 0, count: 8 * 256)

  /// Sorts `entries` by rank: insertion sort for a few, else radix sort on bytes, least significant first.
  ///
  /// - Parameters:
  ///   - entries: The candidates.
  ///   - byToken: True where they already stand in the order of their tokens, which saves the passes over the token.
  mutating func sort(_ entries: inout [Candidate], byToken: Bool) {
    guard entries.count > 64 else { return Self.insertionSort(&entries) }
    let first = byToken ? 4 : 0
    countDigits(of: entries)
    if scratch.count < entries.count {
      scratch.append(contentsOf: repeatElement(entries[0], count: entries.count - scratch.count))
    } else {
      scratch.removeLast(scratch.count - entries.count)
    }
    for digit in first..<8 where isNeeded(digit, of: entries) {
      scatter(entries, by: digit)
      swap(&entries, &scratch)
    }
  }

  /// Counts, for each of the eight bytes of a rank, how often each value occurs.
  private mutating func countDigits(of entries: [Candidate]) {
    for index in counts.indices { counts[index] = 0 }
    for entry in entries {
      for digit in 0..<8 { counts[digit &* 256 &+ Self.value(of: digit, in: entry)] &+= 1 }
    }
  }

  /// Whether the candidates differ in that byte; where they do not, its pass would change nothing.
  private func isNeeded(_ digit: Int, of entries: [Candidate]) -> Bool {
    counts[digit * 256 + Self.value(of: digit, in: entries[0])] != entries.count
  }

  /// Writes the candidates to `scratch` in the order of one byte, equal ones in the order they had.
  private mutating func scatter(_ entries: [Candidate], by digit: Int) {
    var next = 0
    for index in digit * 256..<digit * 256 + 256 {
      let count = counts[index]
      counts[index] = next
      next += count
    }
    for entry in entries {
      let bucket = digit &* 256 &+ Self.value(of: digit, in: entry)
      scratch[counts[bucket]] = entry
      counts[bucket] &+= 1
    }
  }

  @inline(__always)
  private static func value(of digit: Int, in entry: Candidate) -> Int {
    Int(truncatingIfNeeded: (entry.rank &>> UInt64(digit &* 8)) & 255)
  }

  private static func insertionSort(_ entries: inout [Candidate]) {
    for end in entries.indices.dropFirst() {
      let entry = entries[end]
      var hole = end
      while hole > 0, entry < entries[hole - 1] {
        entries[hole] = entries[hole - 1]
        hole -= 1
      }
      entries[hole] = entry
    }
  }
}
