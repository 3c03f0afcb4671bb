internal import Apus
internal import ApusJSON

/// The body of a request to invoke a model, in the words of the family that its name says.
struct InvokeBody: Sendable {
  let input: any PromptInput
  /// Who writes the answer to a prompt of these tokens.
  let encoder: @Sendable (_ prompt: [Token]) -> any AnswerEncoder
  /// What ids begin with that are made up for calls.
  var idPrefix = "tooluse_"

  init(_ input: any PromptInput, _ encoder: @escaping @Sendable (_ prompt: [Token]) -> any AnswerEncoder) {
    self.input = input
    self.encoder = encoder
  }

  init(_ input: any PromptInput, _ format: any InvokeFormat) { self.init(input) { _ in InvokeEncoder(format) } }
}

/// The body of a request for vectors of texts, in the words of the family that its name says.
struct VectorBody: Sendable {
  let request: VectorRequest
  /// The answer's body.
  let answer: @Sendable (VectorRequest.Answer) -> JSONValue

  func work(_ setting: JobSetting) throws -> ReplyWork {
    try request.work(setting) { answer in
      InvokeEncoder.headers(inputTokens: answer.tokenCount, outputTokens: 0, latency: answer.time.milliseconds)
    } _: {
      answer($0)
    }
  }
}

/// What a body asks for.
enum InvokeRequest: Sendable {
  case text(InvokeBody)
  case vectors(VectorBody)
}

/// Families of models, each of which has bodies of its own.
enum InvokeFamily: Sendable {
  case llama
  case mistral
  case mistralChat
  case claude
  case claudeText
  case jurassic
  case titan
  case titanVectors
  case nova
  case cohereVectors
  /// Newer models of all makers: a text or messages as in OpenAI's API.
  case open

  /// The family of a model's name, by its maker; of any other name the one whose body has these fields.
  ///
  /// - Parameters:
  ///   - model: The name.
  ///   - fields: The body.
  ///   - purpose: What the model that answers is for, which may be another one than its name says.
  init(_ model: String, _ fields: RequestFields, _ purpose: ModelPurpose) {
    let hasMessages = fields["messages"] != nil
    let wantsVectors = purpose != .generation || Self.vectorFields.contains { fields[$0] != nil }
    switch model.prefix(while: { $0 != "." }).lowercased() {
    case "meta" where !hasMessages: self = .llama
    case "mistral": self = hasMessages ? .mistralChat : .mistral
    case "anthropic": self = hasMessages ? .claude : .claudeText
    case "ai21" where !hasMessages: self = .jurassic
    case "amazon" where model.hasPrefix("amazon.titan-embed"): self = .titanVectors
    case "amazon" where fields["inputText"] == nil: self = .nova
    case "cohere" where model.hasPrefix("cohere.embed"): self = .cohereVectors
    case "amazon": self = wantsVectors ? .titanVectors : .titan
    default: self = Self.family(of: fields, wantsVectors)
    }
  }

  /// What a body with `inputText` has only where vectors are asked for.
  private static let vectorFields = ["dimensions", "normalize", "embeddingTypes"]

  private static func family(of fields: RequestFields, _ wantsVectors: Bool) -> InvokeFamily {
    let marks: [(InvokeFamily, [String])] = [
      (.cohereVectors, ["texts", "input_type"]), (wantsVectors ? .titanVectors : .titan, ["inputText"]),
      (.llama, ["max_gen_len"]), (.claude, ["anthropic_version"]),
      (.claudeText, ["max_tokens_to_sample"]),
      (.jurassic, ["maxTokens", "numResults"]), (.nova, ["inferenceConfig", "schemaVersion"]),
    ]
    return marks.first { $0.1.contains { fields[$0] != nil } }?.0 ?? .open
  }

  /// What the body asks for.
  func request(_ fields: RequestFields, _ given: JobSetting) throws(Refusal) -> InvokeRequest {
    var setting = given.ofBedrock
    // These bodies are those of many makers, whose limits differ.
    if case .open = self { setting.limits.temperature = given.limits.temperature }
    switch self {
    case .titanVectors: return .vectors(try .titan(fields))
    case .cohereVectors: return .vectors(try .cohere(fields, setting))
    case .llama: return .text(try .llama(fields, setting))
    case .mistral: return .text(try .mistral(fields, setting))
    case .mistralChat: return .text(try .open(fields, setting, hasStopReason: true))
    case .claude: return .text(try .claude(fields, setting))
    case .claudeText: return .text(try .claudeText(fields, setting))
    case .jurassic: return .text(try .jurassic(fields, setting))
    case .titan: return .text(try .titan(fields, setting))
    case .nova: return .text(try .nova(fields, setting))
    case .open: return .text(try .open(fields, setting))
    }
  }
}
