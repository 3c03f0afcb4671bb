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
  let scoresEcho: Bool
  /// The most likely tokens that are told beside each of the completion; nil tells nothing.
  let logProbabilities: Int?
  /// Completions of each prompt, of which the best `fields.choices` are told.
  let attempts: Int
  /// How tokens are told.
  let naming: TokenNaming
  /// Whether the tokenizer may put tokens before a text.
  private let addsSpecial: Bool
  /// What stands behind the completion; nil for nothing.
  private let suffix: String?

  /// Reads the fields; nothing is tokenized yet.
  init(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    let (model, limits) = (setting.model, setting.limits)
    var common = try GenerationFields(fields, model, limits: limits, least: 0, usual: setting.usual.maxTokens ?? 16)
    logProbabilities = try fields.int("logprobs", in: 0...limits.topLogProbabilities)
    isEchoed = try fields.bool("echo") ?? false
    scoresEcho = isEchoed && logProbabilities != nil
    guard !scoresEcho || !common.isStreamed else {
      throw .unsupported("stream", "streaming an echo with logprobs")
    }
    attempts = try Self.attempts(fields, common, limits)
    // What is told of prompts, of completions, or only compared, is computed alike.
    let told = [logProbabilities, common.promptLogProbabilities, attempts > common.choices ? 0 : nil]
    common.options.topLogProbabilities = told.compactMap(\.self).max()
    naming = try TokenNaming(fields)
    addsSpecial = try fields.bool("add_special_tokens") ?? true
    suffix = try fields.string("suffix").flatMap { $0.isEmpty ? nil : $0 }
    parts = try Self.parts(fields, vocabularySize: model.information.vocabularySize)
    guard parts.count * attempts <= limits.totalChoices else {
      throw .invalid("prompt", "prompts times n, or best_of, must be at most \(limits.totalChoices)")
    }
    if suffix != nil, common.options.constraint != nil {
      throw .unsupported("suffix", "suffix beside a schema, grammar or other text that must fit")
    }
    if suffix != nil, parts.contains(where: { $0.text == nil }) { throw .unsupported("suffix", "suffix behind tokens") }
    scoreLimit = limits.scores
    self.fields = common
  }

  /// Whether the tokens of the prompts get scores.
  var scoresPrompts: Bool { scoresEcho || fields.promptLogProbabilities != nil }

  /// How many completions of each prompt are compared.
  private static func attempts(
    _ fields: RequestFields, _ common: GenerationFields, _ limits: RequestLimits
  ) throws(Refusal) -> Int {
    let attempts = try fields.int("best_of", in: 1...limits.choices) ?? common.choices
    guard attempts >= common.choices else { throw .invalid("best_of", "best_of must be at least n") }
    guard attempts == common.choices || !common.isStreamed else {
      throw .invalid("best_of", "best_of other than n cannot be streamed")
    }
    return attempts
  }

  /// The prompts as tokens, and the tokens that end completions beside the usual ones; throws at the first prompt that
  /// does not fit, before the next is looked at.
  func prompts(
    _ model: Model, _ shouldStop: @escaping Preparation.ShouldStop
  ) throws -> (prompts: [Prompt], ends: [Token]) {
    var prompts: [Prompt] = []
    var (scores, ends): (Int, [Token]) = (0, [])
    for part in parts {
      var (tokens, added): ([Token], Int)
      switch (part, suffix) {
      case (.text(let text), nil): (tokens, added) = try model.rawPrompt(text, addSpecial: addsSpecial, shouldStop)
      case (.text(let text), let suffix?):
        guard let (prompt, marks) = try model.infill(TextGap(before: text, behind: suffix), shouldStop: shouldStop)
        else { throw Refusal.noInfill("suffix") }
        (tokens, added, ends) = (prompt, 0, marks)
      case (.tokens(let ids), _): (tokens, added) = (ids, 0)
      }
      let kept = fields.kept(tokens)
      if kept.count < tokens.count { (tokens, added) = (kept, 0) }
      try model.engine.configuration.checkRoom(forPrompt: tokens.count, completion: fields.options.maxTokens)
      scores += scoresPrompts ? tokens.count * attempts * (1 + (fields.options.topLogProbabilities ?? 0)) : 0
      guard scores <= scoreLimit else {
        throw ApusError.invalidRequest(
          field: "logprobs",
          reason: "tokens of the echoed prompts times choices times logprobs + 1 may be \(scoreLimit) at most: send "
            + "fewer prompts in a request, or ask for fewer logprobs")
      }
      prompts.append(
        Prompt(text: part.text ?? model.detokenize(tokens, renderSpecial: true), tokens: tokens, added: added))
    }
    return (prompts, ends)
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
