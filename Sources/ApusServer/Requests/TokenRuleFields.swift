internal import Apus
internal import ApusJSON

extension RequestFields {
  private static let words = 256

  /// Which tokens a completion may have: vLLM's `allowed_token_ids`, `bad_words` and `min_tokens`.
  func tokenRules(_ model: Model, _ limits: RequestLimits, maxTokens: Int?) throws(Refusal) -> TokenRules {
    var rules = TokenRules()
    if self["allowed_token_ids"] != nil {
      let allowed = try tokens(
        "allowed_token_ids", vocabularySize: model.information.vocabularySize, limit: limits.logitBiases)
      guard !allowed.isEmpty else { throw mismatch("allowed_token_ids", "an array of at least one token id") }
      rules.allowed = allowed
    }
    rules.forbidden = model.forbiddenRuns(try badWords(limits))
    rules.least = try int("min_tokens", in: 0...Int(Int32.max)) ?? 0
    guard rules.least <= maxTokens ?? .max else {
      throw .invalid("min_tokens", "min_tokens must be less than or equal to max_tokens=\(maxTokens ?? 0)")
    }
    return rules
  }

  private func badWords(_ limits: RequestLimits) throws(Refusal) -> [String] {
    guard let values = try array("bad_words") else { return [] }
    guard values.count <= Self.words else { throw mismatch("bad_words", "at most \(Self.words) texts") }
    var words: [String] = []
    for value in values {
      guard case .string(let text) = value, (1...limits.stopByteCount).contains(text.utf8.count) else {
        throw mismatch("bad_words", "made of texts of 1 to \(limits.stopByteCount) bytes")
      }
      words.append(text)
    }
    return words
  }

  /// How many tokens of a prompt are kept: vLLM's `truncate_prompt_tokens`, −1 for as many as leave room for one; and
  /// of which end, as `truncation_side` says that is cut.
  func promptCut(_ model: Model) throws(Refusal) -> PromptCut? {
    let side = try string("truncation_side")
    guard [nil, "left", "right"].contains(side) else { throw mismatch("truncation_side", "\"left\" or \"right\"") }
    guard let count = try int("truncate_prompt_tokens", in: -1...Int(Int32.max)) else { return nil }
    guard count != 0 else { throw mismatch("truncate_prompt_tokens", "-1, or at least 1") }
    return PromptCut(
      count: count == -1 ? max(1, model.information.contextLength - 1) : count, keepsBeginning: side == "right")
  }

  /// How many of the most likely tokens are told beside each of the prompt's: vLLM's `prompt_logprobs`.
  func promptLogProbabilities(isStreamed: Bool, _ limits: RequestLimits) throws(Refusal) -> Int? {
    guard let count = try int("prompt_logprobs", in: -1...limits.topLogProbabilities) else { return nil }
    guard count >= 0 else { throw .unsupported("prompt_logprobs", "prompt_logprobs of the whole vocabulary (-1)") }
    guard !isStreamed else {
      throw .invalid("prompt_logprobs", "`prompt_logprobs` are not available when `stream=True`.")
    }
    return count
  }
}
