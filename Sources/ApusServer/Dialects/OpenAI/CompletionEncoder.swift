internal import Apus
internal import ApusJSON

/// Writes answers of `/v1/completions`.
struct CompletionEncoder: AnswerEncoder {
  /// One completion, or what of it is still to come.
  struct Choice: Sendable {
    /// What stands before the completion.
    var echo = ""
    var logProbabilities: LegacyLogProbabilities?
    /// What stands before the completion, where it has log probabilities too.
    var scoredEcho: ScoredEcho?
  }

  let envelope: OpenAIEnvelope
  var choices: [Choice]

  mutating func open(_ choice: Int) -> [UInt8] {
    let echo = choices[choice].echo
    return echo.isEmpty ? [] : envelope.frame(choice, [("text", .string(echo)), ("logprobs", .null)])
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    guard !delta.events.isEmpty || choices[choice].logProbabilities != nil else { return [] }
    var said = TurnSummary()
    said.take(delta.events)
    return envelope.frame(choice, members(choice, said.content, delta.tokens))
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    envelope.frame(choice, [("text", ""), ("logprobs", .null)], end: OpenAIEnvelope.end(result))
  }

  mutating func finish(_ usage: UsageCount) -> [UInt8] { envelope.finish(usage) }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var all: [JSONMembers] = []
    for (choice, result) in results.enumerated() {
      let tokens = choices[choice].scoredEcho.map { $0.tokens(before: result.tokens, result.summary) } ?? result.tokens
      all.append(
        members(choice, choices[choice].echo + result.turn.content, tokens) + OpenAIEnvelope.end(result))
    }
    return envelope.whole(all, usage)
  }

  private mutating func members(_ choice: Int, _ text: String, _ tokens: [GeneratedToken]) -> JSONMembers {
    [("text", .string(text)), ("logprobs", choices[choice].logProbabilities?.json(tokens) ?? .null)]
  }
}
