/// What a step with proposed rows has gained so far, in tokens and plain steps' time.
package struct Worth: Sendable {
  /// How much faster it should be before tokens are proposed.
  private static let margin = 1.1

  package let sequences: Int
  /// Seconds of a step without proposed rows.
  package let seconds: Double
  private let share: Double
  private var tokens: Double
  private var time = 1.0

  /// A step of `sequences` without proposed rows, which takes `seconds`; each such row adds `share` of that.
  init(sequences: Int, seconds: Double, share: Double) {
    (self.sequences, self.seconds, self.share) = (sequences, seconds, share)
    tokens = Double(sequences)
  }

  /// Adds a row that brings a token with this chance, if it brings more than its time does without it.
  ///
  /// `seconds` is what finding the token took.
  package mutating func add(chance: Double, seconds: Double = 0) -> Bool {
    let cost = (share + seconds / self.seconds) * Self.margin
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

extension StepCosts {
  /// The most sequences of a step in which tokens are proposed: rows of others always bring a token.
  package static let mostProposing = 4
  /// Steps with proposed rows after which one without is due, so that it stays known what that takes.
  private static let mostInRow = 64

  /// What tells for one step of `sequences` how long proposals should be; nil where none pays or nothing is known.
  package func worth(sequences: Int) -> Worth? {
    guard (1...Self.mostProposing).contains(sequences), proposalsInRow < Self.mostInRow else { return nil }
    return plainSeconds(sequences).map { Worth(sequences: sequences, seconds: $0, share: proposedShare) }
  }
}
