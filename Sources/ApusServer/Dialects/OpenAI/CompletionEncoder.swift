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
    /// The prompt's tokens, until their numbers were told.
    var promptTokens: [Token]?
  }

  let envelope: OpenAIEnvelope
  var choices: [Choice]
  /// Completions of each prompt, and how many of them are told: the best.
  let attempts: Int
  let told: Int
  /// How tokens are told.
  let naming: TokenNaming

  mutating func open(_ choice: Int) -> [UInt8] {
    let echo = choices[choice].echo
    return echo.isEmpty ? [] : envelope.frame(choice, [("text", .string(echo)), ("logprobs", .null)])
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    guard !delta.events.isEmpty || choices[choice].logProbabilities != nil || naming.hasNumbers else { return [] }
    var said = TurnSummary()
    said.take(delta.events)
    return envelope.frame(
      choice,
      members(choice, said.content, delta.tokens) + promptTokens(choice) + naming.members(delta.tokens))
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    envelope.frame(
      choice, [("text", ""), ("logprobs", .null)] + promptTokens(choice) + naming.members([], result.summary),
      end: OpenAIEnvelope.end(result))
  }

  mutating func finish(_ usage: UsageCount) -> [UInt8] { envelope.finish(usage) }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var all: [JSONMembers] = []
    for choice in best(results) {
      let result = results[choice]
      let tokens = choices[choice].scoredEcho.map { $0.tokens(before: result.tokens, result.summary) } ?? result.tokens
      all.append(
        members(choice, choices[choice].echo + result.turn.content, tokens) + OpenAIEnvelope.end(result)
          + promptMembers(choice, result) + promptTokens(choice) + naming.members(result.tokens, result.summary))
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

  /// The numbers of the prompt's tokens, the first time that they are asked for.
  private mutating func promptTokens(_ choice: Int) -> JSONMembers {
    choices[choice].promptTokens.take().map { naming.members("prompt_token_ids", $0) } ?? []
  }

  private func promptMembers(_ choice: Int, _ result: ChoiceResult) -> JSONMembers {
    choices[choice].prompt.map { [("prompt_logprobs", $0.json(result.summary))] } ?? []
  }

  private mutating func members(_ choice: Int, _ text: String, _ tokens: [GeneratedToken]) -> JSONMembers {
    [("text", .string(text)), ("logprobs", choices[choice].logProbabilities?.json(tokens) ?? .null)]
  }
}
