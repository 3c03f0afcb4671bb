internal import ApusCore

/// How one request's next tokens are guessed, and how many came true; a pure value.
///
/// It takes memory when the first token is chosen, so a request that has not begun has none of it.
struct Guess: Sendable {
  let speculation: Speculation
  private var prompt: [Token]
  private var prediction: [Token]
  private var lookup: PromptLookup?
  private(set) var proposedCount = 0
  private(set) var acceptedCount = 0

  /// Guesses for a completion of `prompt` that its caller expects to be like `prediction`.
  init(_ prompt: [Token], predicting prediction: [Token], _ speculation: Speculation) {
    (self.prompt, self.prediction) = speculation == .off ? ([], []) : (prompt, prediction)
    self.speculation = speculation
  }

  /// Tokens that came before behind the same ones, and so may come next; at most `most`.
  func lookUp(most: Int, sequences: Int, _ costs: StepCosts) -> [Token] {
    guard most > 0, let lookup else { return [] }
    if speculation == .always { return lookup.proposal(most: most) { _ in true } }
    guard var worth = costs.worth(sequences: sequences) else { return [] }
    return lookup.proposal(most: most) { worth.add(chance: $0) }
  }

  /// Tokens that came as the prediction said.
  var predictedCount: Int { lookup?.predictedCount ?? 0 }

  /// How likely the first of them is to come; 0 where there are none.
  var lookupChance: Double { lookup?.chance ?? 0 }

  /// Takes a token that was chosen; `room` more may follow.
  mutating func append(_ token: Token, room: Int) {
    guard speculation != .off else { return }
    if lookup == nil {
      lookup = PromptLookup(prompt, predicting: prediction, room: room)
      (prompt, prediction) = ([], [])
    }
    lookup?.append(token)
  }

  /// Notes what a step brought of that which was proposed for it.
  mutating func note(proposed: Int, accepted: Int) {
    proposedCount += proposed
    acceptedCount += accepted
  }
}
