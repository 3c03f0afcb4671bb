/// What steps took lately; a pure value.
///
/// From this follows how many rows of prompts ride along beside sequences in decode, and how many proposed tokens are
/// worth their time (`worth`). Results depend on neither.
package struct StepCosts: Sendable {
  /// How much longer than an undisturbed step one with prompts may take, so that streams go on evenly.
  static let stretch = 2.2
  /// Rows that prompts get at least beside others, so that they move.
  static let minimumPromptRows = 4
  /// Rows that they get while their cost is not known.
  static let firstPromptRows = 16
  /// What a proposed row costs, as a share of a step, until it is known.
  private static let usualShare = 0.2

  /// Seconds of a step that brings each of so many sequences one token.
  private var plain: [Int: Double] = [:]
  /// Seconds that a row of a prompt adds to such a step.
  private var promptRow: Double?
  /// Rows of prompts in the last step that had some beside others: what more of them cost is a guess.
  private var lastPromptRows = firstPromptRows
  /// What one proposed row adds, as a share of a plain step.
  private(set) var proposedShare = usualShare
  /// Steps with proposed rows since the last one without.
  private(set) var proposalsInRow = 0

  package init() {}

  /// Seconds of a plain step of so many sequences; nil while not known.
  func plainSeconds(_ sequences: Int) -> Double? { plain[sequences] }

  /// Rows of prompts beside so many sequences in decode.
  package func promptRows(besides sequences: Int) -> Int {
    guard sequences > 0 else { return .max }
    guard let step = nearestPlain(sequences), let promptRow else { return Self.firstPromptRows }
    let rows = min(step * (Self.stretch - 1) / promptRow, 2 * Double(lastPromptRows), 1e6)
    return max(Self.minimumPromptRows, Int(rows))
  }

  /// Takes note of a step of `sequences` in decode, and of what it had beside their last tokens.
  package mutating func note(sequences: Int, promptRows: Int = 0, proposed: Int = 0, seconds: Double) {
    guard sequences > 0, seconds > 0 else { return }
    switch (promptRows, proposed) {
    case (0, 0): notePlain(sequences, seconds)
    case (_, 0): notePrompt(promptRows, beside: sequences, seconds)
    case (0, _): noteProposed(proposed, beside: sequences, seconds)
    default: break
    }
    if promptRows == 0 { proposalsInRow = proposed == 0 ? 0 : proposalsInRow + 1 }
  }

  private mutating func notePlain(_ sequences: Int, _ seconds: Double) {
    // Falls at once and rises slowly: what else the machine does only makes steps longer.
    plain[sequences] = plain[sequences].map { min(seconds, $0 + (seconds - $0) / 8) } ?? seconds
    // What made rows look dear is forgotten in time, or they would never be tried again.
    if proposedShare > Self.usualShare { proposedShare += (Self.usualShare - proposedShare) / 64 }
  }

  private mutating func notePrompt(_ rows: Int, beside sequences: Int, _ seconds: Double) {
    guard let step = nearestPlain(sequences) else { return }
    let found = max(seconds - step, step / 100) / Double(rows)
    promptRow = promptRow.map { $0 + (found - $0) / 5 } ?? found
    lastPromptRows = max(Self.minimumPromptRows, rows)
  }

  private mutating func noteProposed(_ rows: Int, beside sequences: Int, _ seconds: Double) {
    guard let step = plain[sequences] else { return }
    let found = (seconds - step) / step / Double(rows)
    proposedShare += (min(max(found, 0.01), 1) - proposedShare) / 8
  }

  /// Seconds of a plain step, from the nearest number of sequences that was seen.
  private func nearestPlain(_ sequences: Int) -> Double? {
    if let known = plain[sequences] { return known }
    return plain.min { (abs($0.key - sequences), $0.key) < (abs($1.key - sequences), $1.key) }?.value
  }
}

extension StepCosts {
  /// Takes note of a step.
  mutating func note(_ batch: ScheduledBatch, _ duration: Duration) {
    let (sequences, proposed) = (batch.decodeRows, batch.proposedRows)
    note(
      sequences: sequences, promptRows: batch.tokens.count - sequences - proposed, proposed: proposed,
      seconds: duration / .seconds(1))
  }
}
