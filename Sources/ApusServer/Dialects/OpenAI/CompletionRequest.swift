internal import Apus
internal import ApusJSON

/// A request to `/v1/completions`.
struct CompletionRequest {
  /// One prompt, as it came and as the model sees it.
  struct Prompt: Sendable {
    let text: String
    let tokens: [Token]
    /// Tokens that the tokenizer has put before the text.
    let added: Int
  }

  let fields: GenerationFields
  private let parts: [Part]
  private let scoreLimit: Int
  /// Whether the prompt stands before each completion.
  let isEchoed: Bool
  /// Whether the tokens of the prompt have log probabilities as those of the completion do.
  let scoresPrompts: Bool

  /// Reads the fields; nothing is tokenized yet.
  init(_ fields: RequestFields, model: Model, limits: RequestLimits) throws(Refusal) {
    var common = try GenerationFields(
      fields, model.information, limits: limits, least: 0, usual: 16)
    common.options.topLogProbabilities = try fields.int("logprobs", in: 0...limits.topLogProbabilities)
    isEchoed = try fields.bool("echo") ?? false
    scoresPrompts = isEchoed && common.options.topLogProbabilities != nil
    guard !scoresPrompts || !common.isStreamed else {
      throw .unsupported("stream", "streaming an echo with logprobs")
    }
    if let suffix = try fields.string("suffix"), !suffix.isEmpty { throw .unsupported("suffix", "suffix") }
    parts = try Self.parts(fields, vocabularySize: model.information.vocabularySize)
    guard parts.count * common.choices <= limits.totalChoices else {
      throw .invalid("prompt", "prompts times n must be at most \(limits.totalChoices)")
    }
    scoreLimit = limits.scores
    self.fields = common
  }

  /// The prompts as tokens; throws at the first that does not fit, before the next is looked at.
  func prompts(_ model: Model, _ shouldStop: @escaping Preparation.ShouldStop) throws(ApusError) -> [Prompt] {
    var prompts: [Prompt] = []
    var scores = 0
    for part in parts {
      let (tokens, added) =
        switch part {
        case .text(let text): try model.completionTokens(text, shouldStop)
        case .tokens(let tokens): (tokens, 0)
        }
      try model.engine.configuration.checkRoom(forPrompt: tokens.count, completion: fields.options.maxTokens)
      scores += scoresPrompts ? tokens.count * fields.choices * (1 + (fields.options.topLogProbabilities ?? 0)) : 0
      guard scores <= scoreLimit else {
        throw .invalidRequest(
          field: "logprobs",
          reason: "tokens of the echoed prompts times choices times logprobs + 1 may be \(scoreLimit) at most: send "
            + "fewer prompts in a request, or ask for fewer logprobs")
      }
      prompts.append(
        Prompt(text: part.text ?? model.detokenize(tokens, renderSpecial: true), tokens: tokens, added: added))
    }
    return prompts
  }

  private enum Part {
    case text(String)
    case tokens([Token])

    var text: String? { if case .text(let text) = self { text } else { nil } }
  }

  private static func parts(_ fields: RequestFields, vocabularySize: Int) throws(Refusal) -> [Part] {
    switch fields["prompt"] {
    case .string(let text)?: return [.text(text)]
    case .array(let values)?:
      guard let parts = parts(of: values, vocabularySize), !parts.isEmpty else { break }
      return parts
    default: break
    }
    throw fields.mismatch(
      "prompt", "a text, an array of texts, or arrays of token ids from 0 to \(vocabularySize - 1), not empty")
  }

  private static func parts(of values: [JSONValue], _ vocabularySize: Int) -> [Part]? {
    if case .int? = values.first {
      return RequestFields.tokens(values, vocabularySize: vocabularySize).map { [.tokens($0)] }
    }
    var parts: [Part] = []
    for value in values {
      switch (value, parts.last) {
      case (.string(let text), nil), (.string(let text), .text?): parts.append(.text(text))
      case (.array(let ids), nil), (.array(let ids), .tokens?):
        guard !ids.isEmpty, let tokens = RequestFields.tokens(ids, vocabularySize: vocabularySize) else { return nil }
        parts.append(.tokens(tokens))
      default: return nil
      }
    }
    return parts
  }
}

extension Model {
  /// The tokens of a raw prompt, in which the names of control tokens count, as clients write their own chat formats;
  /// and how many of them the tokenizer has put before it.
  ///
  /// The caller answers for all of it. What others say belongs into a chat, where it stays text.
  fileprivate func completionTokens(
    _ text: String, _ shouldStop: @escaping Preparation.ShouldStop
  ) throws(ApusError) -> (tokens: [Token], added: Int) {
    let tokens = try promptTokens(text, addSpecial: true, parseSpecial: true, shouldStop: shouldStop)
    // A prompt that writes BOS itself gets no second one.
    guard let first = tokens.first, tokenize("").first == first else { return (tokens, 0) }
    return tokens.count > 1 && tokens[1] == first ? (Array(tokens.dropFirst()), 0) : (tokens, 1)
  }
}
