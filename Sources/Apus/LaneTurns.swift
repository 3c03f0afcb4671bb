/// Whose turn it is: of the lanes with work, the one that has been served least time; a pure value.
///
/// A lane that had no work saves up nothing: when it has some again, it counts as served no less than the one that was
/// then served least.
package struct LaneTurns: Sendable {
  private var served: [Int: Duration] = [:]
  /// What the lane that was served least, of those that had work, had at the last choice.
  private var least = Duration.zero

  package init() {}

  /// The lane that is served next, of those with work; nil where there is none.
  package mutating func next(of ready: some Sequence<Int>) -> Int? {
    var choice: (id: Int, served: Duration)?
    for id in ready {
      let time = max(served[id] ?? .zero, least)
      served[id] = time
      if let best = choice, best.served <= time { continue }
      choice = (id, time)
    }
    if let choice { least = choice.served }
    return choice?.id
  }

  /// Notes that a lane was served for so long.
  package mutating func note(_ id: Int, took time: Duration) { served[id, default: least] += time }

  /// Forgets a lane that is gone.
  package mutating func forget(_ id: Int) { served[id] = nil }
}
