/// What steps took lately, and so how many proposed tokens are worth their time; a pure value.
package struct StepCosts: Sendable {
  /// The most sequences of a step in which tokens are proposed: rows of others always bring a token.
  package static let mostSequences = 4
  /// How much faster it should be before tokens are proposed.
  private static let margin = 1.1
  /// What a further row costs, as a share of a step, until it is known.
  private static let usualShare = 0.2

  /// Seconds of a step that brings each of so many sequences one token; 0 while not known.
  private var plain = [Double](repeating: 0, count: mostSequences + 1)
  /// What one proposed row adds, as a share of a plain step.
  private var share = usualShare

  package init() {}

  /// Takes note of a step of `sequences` in decode, with so many rows proposed.
  package mutating func note(sequences: Int, proposed: Int, seconds: Double) {
    guard (1...Self.mostSequences).contains(sequences), seconds > 0 else { return }
    let known = plain[sequences]
    if proposed == 0 {
      // Falls at once and rises slowly: what else the machine does only makes steps longer.
      plain[sequences] = known == 0 ? seconds : min(seconds, known + (seconds - known) / 8)
      // What made rows look dear is forgotten in time, or they would never be tried again.
      if share > Self.usualShare { share += (Self.usualShare - share) / 64 }
    } else if known > 0 {
      let found = (seconds - known) / known / Double(proposed)
      share += (min(max(found, 0.01), 1) - share) / 8
    }
  }

  /// What tells for one step of `sequences` how long proposals should be; nil where none pays or nothing is known.
  package func worth(sequences: Int) -> Worth? {
    guard (1...Self.mostSequences).contains(sequences), plain[sequences] > 0 else { return nil }
    return Worth(cost: share * Self.margin, tokens: Double(sequences))
  }

  /// What a step has gained so far, in tokens and plain steps' time.
  package struct Worth: Sendable {
    fileprivate let cost: Double
    fileprivate var tokens: Double
    fileprivate var time = 1.0

    fileprivate init(cost: Double, tokens: Double) { (self.cost, self.tokens) = (cost, tokens) }

    /// Adds a row that brings a token with this chance, if it brings more than its time does without it.
    package mutating func add(chance: Double) -> Bool {
      guard chance * time > cost * tokens else { return false }
      tokens += chance
      time += cost
      return true
    }
  }
}

extension StepCosts {
  /// Takes note of a step, if all its sequences are in decode.
  mutating func note(_ batch: ScheduledBatch, _ duration: Duration) {
    guard batch.parts.allSatisfy({ $0.certainRows.count == 1 && !$0.logits.isEmpty }) else { return }
    let proposed = batch.parts.reduce(0) { $0 + $1.proposed.count }
    note(sequences: batch.parts.count, proposed: proposed, seconds: duration / .seconds(1))
  }
}
