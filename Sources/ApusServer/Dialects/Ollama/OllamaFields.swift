internal import Apus
internal import ApusChat
internal import ApusJSON

/// What both of Ollama's generating paths take, beside the prompt.
struct OllamaFields {
  /// What the answer is like.
  var options: GenerationOptions
  /// How the messages become a prompt.
  private(set) var form = PromptOptions()
  let keepAlive: KeepAlive
  /// Whether each piece comes with the log probabilities of its tokens.
  var hasLogProbabilities: Bool { options.topLogProbabilities != nil }

  /// Names of fields that change nothing here: what does not fit into the context is refused, and an answer that meets
  /// its end is told as cut, whatever they say.
  static let harmless = ["truncate", "shift"]
  /// Names of fields that would make another answer.
  static let unsupported = ["template", "width", "height", "steps"]

  /// Reads the fields, of which a path refuses more than others.
  init(_ fields: RequestFields, _ setting: JobSetting, refusing more: [String] = []) throws(Refusal) {
    let limits = setting.limits
    for name in Self.unsupported + more where fields[name] != nil && fields[name] != "" {
      throw .unsupported(name, name)
    }
    try fields.refuseImages()
    fields.accept(["model", "stream"])
    for name in Self.harmless { _ = try fields.bool(name) }
    keepAlive = try fields.keepAlive()
    options = try fields.ollamaOptions(setting.model.information, limits)
    options.constraint = try Self.format(fields)
    options.topLogProbabilities = try Self.topLogProbabilities(fields, limits)
    options.adapters = try fields.adapters(
      model: try fields.string("model"), among: setting.model.information.adapters)
    form.thinking = try Self.thinking(fields, setting.model)
  }

  /// `format`: nothing, `json`, or a schema.
  private static func format(_ fields: RequestFields) throws(Refusal) -> OutputConstraint? {
    switch fields["format"] {
    case nil, .string("")?: return nil
    case .string("json")?: return .jsonSchema(#"{"type":"object"}"#)
    case .object(let schema)?:
      return .jsonSchema(String(decoding: JSONValue.object(schema).serialized(.compact), as: UTF8.self))
    default: throw fields.mismatch("format", "\"json\" or a JSON schema")
    }
  }

  private static func topLogProbabilities(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) -> Int? {
    let isWanted = try fields.bool("logprobs") ?? false
    let top = try fields.int("top_logprobs", in: 0...limits.topLogProbabilities) ?? 0
    return isWanted ? top : nil
  }

  /// `think`: true, false, or how much.
  private static func thinking(
    _ fields: RequestFields, _ model: Model
  ) throws(Refusal) -> PromptOptions.Thinking? {
    let thinking: PromptOptions.Thinking
    switch fields["think"] {
    case nil: return nil
    case .bool(false)?: return .off
    case .bool(true)?: thinking = .on
    case .string(let effort)? where PromptOptions.Thinking.efforts.contains(effort): thinking = .effort(effort)
    default: throw fields.mismatch("think", "true, false, \"high\", \"medium\" or \"low\"")
    }
    guard let turns = model.chatFormat?.turns, turns.thinking != nil || turns.hasChannels else {
      throw .invalid("think", "this model does not support thinking")
    }
    return thinking
  }
}

extension RequestFields {
  /// Refuses pictures, which no model here reads.
  func refuseImages() throws(Refusal) {
    guard let images = try array("images"), !images.isEmpty else { return }
    throw .invalid(
      parameter("images"), "this model does not support images: it reads text only", kind: .unsupportedContent)
  }
}
