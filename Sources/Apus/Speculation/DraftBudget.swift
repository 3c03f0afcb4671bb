/// How many tokens a draft model should propose, by how often its tokens came true and what they took; a pure value.
package struct DraftBudget: Sendable {
  /// The most tokens that are drafted at once.
  package static let mostTokens = 8
  /// The most tokens that one pass takes in beside those that it drafts.
  package static let mostRows = 64
  /// Tokens of a text that may be processed in the same pass that drafts.
  package static let besideDraft = 8
  /// Rows of the first piece of a prompt, which tells what a row takes.
  private static let firstRows = 16
  /// Tokens that a completion is taken to have still, at most: few have all that they are allowed.
  private static let foreseen = 256
  /// The share of the time that may go to finding out whether drafting pays by now.
  private static let tries = 1.0 / 64

  /// What is to be done for a sequence before a step.
  package enum Decision: Sendable, Equatable {
    case nothing
    /// So many of its tokens should be processed first.
    case process(Int)
    /// So many tokens should be drafted.
    case draft(Int)
  }

  /// A sequence that may be drafted for.
  package struct Candidate: Sendable {
    package let id: Int
    /// Tokens that the draft model has not processed yet.
    package let behind: Int
    /// Tokens that may be proposed at most, and that the completion may still have.
    package let most, room: Int

    package init(id: Int, behind: Int, most: Int, room: Int) {
      (self.id, self.behind, self.most, self.room) = (id, behind, most, room)
    }
  }

  /// Seconds of a pass that drafts, and of a row of a prompt; 0 while not known.
  private var pass = 0.0, row = 0.0
  /// How often a drafted token came true: of all sequences lately, and of single ones.
  private var usual = 0.6
  private var rates: [Int: Double] = [:]
  /// Seconds that may be spent on a try.
  private var credit = 0.0

  package init() {}

  /// How likely a token drafted for this sequence is to come true.
  package func rate(of id: Int) -> Double { rates[id] ?? usual }

  /// What to do for a sequence in a step that costs what `worth` says.
  package mutating func decide(_ it: Candidate, _ worth: Worth) -> Decision {
    guard it.most > 0 else { return .nothing }
    let (count, saving) = length(it, worth)
    let isBeside = it.behind <= Self.besideDraft
    let rows = min(
      it.behind, row > 0 ? min(max(Int(worth.seconds / row), Self.firstRows), Self.mostRows) : Self.firstRows)
    if count > 0, isBeside || Double(it.behind) * row < saving * Double(min(it.room, Self.foreseen)) {
      return isBeside ? .draft(count) : .process(rows)
    }
    let price = isBeside ? pass + worth.rowSeconds : Double(rows) * row
    guard price <= credit else { return .nothing }
    credit -= price
    return isBeside ? .draft(1) : .process(rows)
  }

  /// How many tokens to draft, and the seconds that it saves for each token of the sequence.
  private func length(_ it: Candidate, _ worth: Worth) -> (count: Int, saving: Double) {
    var (worth, chance, count) = (worth, 1.0, 0)
    while count < min(it.most, Self.mostTokens) {
      chance *= rate(of: it.id)
      guard worth.add(chance: chance, seconds: pass / Double(worth.sequences)) else { break }
      count += 1
    }
    return (count, worth.saving)
  }

  /// Takes note of a pass that drafted tokens, or of one that processed so many rows of a prompt.
  package mutating func note(promptRows: Int = 0, seconds: Double) {
    if promptRows == 0 {
      pass += (seconds - pass) / (pass == 0 ? 1 : 8)
    } else {
      row += (seconds / Double(promptRows) - row) / (row == 0 ? 1 : 4)
    }
  }

  /// Takes note of a step in which nothing was drafted, which brings a little time for a try.
  package mutating func note(plainSeconds: Double) {
    credit = min(credit + plainSeconds * Self.tries, 4 * plainSeconds)
  }

  /// Takes note of what a step brought of that which was drafted.
  package mutating func note(_ id: Int, proposed: Int, accepted: Int) {
    var rate = rate(of: id)
    for index in 0..<min(proposed, accepted + 1) {
      let isHit = index < accepted ? 1.0 : 0
      rate += (isHit - rate) / 8
      usual += (isHit - usual) / 16
    }
    rates[id] = rate
  }

  /// Forgets all sequences but these.
  package mutating func keepOnly(_ ids: Set<Int>) {
    if !rates.isEmpty { rates = rates.filter { ids.contains($0.key) } }
  }
}
