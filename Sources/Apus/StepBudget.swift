/// How many rows of prompts ride along in a step beside sequences in decode; a pure value.
///
/// A step with prompts should take about `stretch` times what the same sequences' tokens take without, so that their
/// streams go on evenly. What both cost follows from the steps before; results do not depend on how prompts are cut.
package struct StepBudget: Sendable {
  /// How much longer than an undisturbed step one with prompts may take.
  static let stretch = 2.2
  /// Rows that prompts get at least, so that they move.
  static let minimumRows = 4
  /// Rows that they get while their cost is not known.
  static let firstRows = 16

  /// Seconds of a step without prompts, by the number of its rows.
  private var decoding: [Int: Double] = [:]
  /// Seconds that a row of a prompt adds to such a step.
  private var promptRow: Double?
  /// Rows of prompts in the last step that had some beside others: what more of them cost is a guess.
  private var lastRows = firstRows

  package init() {}

  /// Rows of prompts beside so many rows of decode.
  package func promptRows(besides decodeRows: Int) -> Int {
    guard decodeRows > 0 else { return .max }
    guard let step = stepTime(decodeRows), let promptRow else { return Self.firstRows }
    let rows = min(step * (Self.stretch - 1) / promptRow, 2 * Double(lastRows), 1e6)
    return max(Self.minimumRows, Int(rows))
  }

  /// Takes note of how long a step took.
  package mutating func note(decodeRows: Int, promptRows: Int, took time: Duration) {
    let seconds = time / .seconds(1)
    guard decodeRows > 0, seconds > 0 else { return }
    if promptRows == 0 {
      decoding[decodeRows] = Self.mix(decoding[decodeRows], seconds)
    } else if let step = stepTime(decodeRows) {
      let added = max(seconds - step, step / 100) / Double(promptRows)
      promptRow = Self.mix(promptRow, added)
      lastRows = max(Self.minimumRows, promptRows)
    }
  }

  /// Seconds of a step without prompts; from the nearest number of rows that was seen.
  private func stepTime(_ rows: Int) -> Double? {
    if let known = decoding[rows] { return known }
    return decoding.min { (abs($0.key - rows), $0.key) < (abs($1.key - rows), $1.key) }?.value
  }

  /// Believes a fifth of what one step shows.
  private static func mix(_ old: Double?, _ new: Double) -> Double {
    old.map { $0 + 0.2 * (new - $0) } ?? new
  }
}
