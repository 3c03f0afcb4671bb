internal import Apus
internal import ApusJSON

/// How likely a prompt's tokens are, in vLLM's shape: `prompt_logprobs`.
struct PromptLogProbabilities: Sendable {
  let model: Model
  let prompt: [Token]
  /// The most likely tokens that are told beside each.
  let top: Int

  /// One entry for each token of the prompt: null for the first, then an object by token ids.
  func json(_ summary: GenerationSummary?) -> JSONValue {
    let scores = summary?.scores ?? []
    return .array(
      prompt.indices.map { index in
        guard index > 0, index <= scores.count else { return .null }
        return .object(entry(prompt[index], scores[index - 1]))
      })
  }

  private func entry(_ token: Token, _ score: TokenLogProbabilities) -> JSONObject {
    var object = JSONObject()
    object["\(token)"] = value(token, score.chosen, rank: score.rank)
    for (index, entry) in score.top.prefix(top).enumerated() where entry.token != token {
      object["\(entry.token)"] = value(entry.token, entry.logProbability, rank: index + 1)
    }
    return object
  }

  private func value(_ token: Token, _ logProbability: Double, rank: Int) -> JSONValue {
    [
      "logprob": .double(logProbability.finiteLogProbability), "rank": .int(rank),
      "decoded_token": .string(model.distinctText(of: token)),
    ]
  }
}
