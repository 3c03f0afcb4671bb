internal import ApusCore

/// Finds the few best tokens among many logits in one pass, with a heap of those found so far.
enum TopSelection {
  /// Logits that are looked at together: most groups hold none above the worst one kept, and are passed over.
  private static let groupSize = 16

  /// Fills `entries` with the best `count` tokens of `logits`, in no order; −infinity and NaN are never among them.
  static func select(_ count: Int, from logits: Span<Float>, into entries: inout [Candidate]) {
    entries.removeAll(keepingCapacity: true)
    guard count > 0 else { return }
    var index = fill(&entries, with: count, from: logits)
    guard entries.count == count else { return }
    for position in stride(from: count / 2 - 1, through: 0, by: -1) { siftDown(position, in: &entries) }
    var threshold = entries[0].logit
    while index < logits.count {
      let end = min(index + groupSize, logits.count)
      if end - index == groupSize, !contains(above: threshold, in: logits, at: index) {
        index = end
        continue
      }
      // A later token does not displace an earlier one with an equal logit, hence `>` alone.
      for token in index..<end where logits[token] > threshold {
        entries[0] = Candidate(token: Token(token), logit: logits[token])
        siftDown(0, in: &entries)
        threshold = entries[0].logit
      }
      index = end
    }
  }

  /// Takes the first `count` tokens that are not forbidden; the index after the last one looked at.
  private static func fill(_ entries: inout [Candidate], with count: Int, from logits: Span<Float>) -> Int {
    var index = 0
    while index < logits.count, entries.count < count {
      if logits[index] > -.infinity { entries.append(Candidate(token: Token(index), logit: logits[index])) }
      index += 1
    }
    return index
  }

  /// Whether any logit of the full group at `start` is above `threshold`; written to become vector instructions.
  @inline(__always)
  private static func contains(above threshold: Float, in logits: Span<Float>, at start: Int) -> Bool {
    var above: UInt32 = 0
    // The caller has checked that the group lies within the logits.
    for offset in 0..<groupSize { above |= unsafe logits[unchecked: start &+ offset] > threshold ? 1 : 0 }
    return above != 0
  }

  /// Restores the heap, worst candidate at its root, below `position`.
  private static func siftDown(_ position: Int, in heap: inout [Candidate]) {
    let entry = heap[position]
    var hole = position
    while 2 * hole + 1 < heap.count {
      var child = 2 * hole + 1
      if child + 1 < heap.count, heap[child] < heap[child + 1] { child += 1 }
      guard entry < heap[child] else { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = entry
  }
}
