/// What steps took lately, and so how many proposed tokens are worth their time; a pure value.
package struct StepCosts: Sendable {
  /// The most sequences of a step in which tokens are proposed: rows of others always bring a token.
  package static let mostSequences = 4
  /// How much faster it should be before tokens are proposed.
  private static let margin = 1.1
  /// What a further row costs, as a share of a step, until it is known.
  private static let usualShare = 0.2
  /// Steps with proposed rows after which one without is due, so that it stays known what that takes.
  private static let mostInRow = 64

  /// Seconds of a step that brings each of so many sequences one token; 0 while not known.
  private var plain = [Double](repeating: 0, count: mostSequences + 1)
  /// What one proposed row adds, as a share of a plain step.
  private var share = usualShare
  /// Steps with proposed rows since the last one without.
  private var inRow = 0

  package init() {}

  /// Takes note of a step of `sequences` in decode, with so many rows proposed.
  package mutating func note(sequences: Int, proposed: Int, seconds: Double) {
    guard (1...Self.mostSequences).contains(sequences), seconds > 0 else { return }
    inRow = proposed == 0 ? 0 : inRow + 1
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
    guard (1...Self.mostSequences).contains(sequences), plain[sequences] > 0, inRow < Self.mostInRow else { return nil }
    return Worth(sequences: sequences, seconds: plain[sequences], share: share)
  }

  /// What a step has gained so far, in tokens and plain steps' time.
  package struct Worth: Sendable {
    package let sequences: Int
    /// Seconds of a step without proposed rows.
    package let seconds: Double
    private let share: Double
    private var tokens: Double
    private var time = 1.0

    fileprivate init(sequences: Int, seconds: Double, share: Double) {
      (self.sequences, self.seconds, self.share) = (sequences, seconds, share)
      tokens = Double(sequences)
    }

    /// Adds a row that brings a token with this chance, if it brings more than its time does without it.
    ///
    /// `seconds` is what finding the token took.
    package mutating func add(chance: Double, seconds: Double = 0) -> Bool {
      let cost = (share + seconds / self.seconds) * StepCosts.margin
      guard chance * time > cost * tokens else { return false }
      tokens += chance
      time += cost
      return true
    }

    /// Seconds of a proposed row.
    var rowSeconds: Double { share * seconds }

    /// Seconds that are saved for each token of one of the sequences.
    var saving: Double { seconds * (1 - time * Double(sequences) / tokens) }
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
