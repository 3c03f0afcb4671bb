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
    /// What is told of the prompt's tokens by themselves.
    var prompt: PromptLogProbabilities?
  }

  let envelope: OpenAIEnvelope
  var choices: [Choice]
  /// Completions of each prompt, and how many of them are told: the best.
  let attempts: Int
  let told: Int

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
    for choice in best(results) {
      let result = results[choice]
      let tokens = choices[choice].scoredEcho.map { $0.tokens(before: result.tokens, result.summary) } ?? result.tokens
      all.append(
        members(choice, choices[choice].echo + result.turn.content, tokens) + OpenAIEnvelope.end(result)
          + promptMembers(choice, result))
    }
    return envelope.whole(all, usage)
  }

  /// The numbers of the completions that are told, prompt by prompt.
  private func best(_ results: [ChoiceResult]) -> [Int] {
    guard attempts > told else { return Array(results.indices) }
    return stride(from: 0, to: results.count, by: attempts).flatMap { first in
      BestOf.order(Array(results[first..<first + attempts])).prefix(told).map { first + $0 }
    }
  }

  private func promptMembers(_ choice: Int, _ result: ChoiceResult) -> JSONMembers {
    choices[choice].prompt.map { [("prompt_logprobs", $0.json(result.summary))] } ?? []
  }

  private mutating func members(_ choice: Int, _ text: String, _ tokens: [GeneratedToken]) -> JSONMembers {
    [("text", .string(text)), ("logprobs", choices[choice].logProbabilities?.json(tokens) ?? .null)]
  }
}
