internal import Apus

/// The body of a request to invoke a model, in the words of the family that its name says.
struct InvokeBody: Sendable {
  let input: any PromptInput
  /// Who writes the answer to a prompt of so many tokens.
  let encoder: @Sendable (_ promptTokens: Int) -> any AnswerEncoder
  /// What ids begin with that are made up for calls.
  var idPrefix = "tooluse_"

  init(_ input: any PromptInput, _ encoder: @escaping @Sendable (_ promptTokens: Int) -> any AnswerEncoder) {
    self.input = input
    self.encoder = encoder
  }

  init(_ input: any PromptInput, _ format: any InvokeFormat) { self.init(input) { _ in InvokeEncoder(format) } }
}

/// Families of models, each of which has bodies of its own.
enum InvokeFamily: Sendable {
  case llama
  case mistral
  case claude
  case claudeText
  case jurassic
  case titan
  case nova
  /// Newer models of all makers: a text or messages as in OpenAI's API.
  case open

  /// The family of a model's name, by its maker; of any other name the one whose body has these fields.
  init(_ model: String, _ fields: RequestFields) {
    let hasMessages = fields["messages"] != nil
    switch model.prefix(while: { $0 != "." }).lowercased() {
    case "meta" where !hasMessages: self = .llama
    case "mistral" where !hasMessages: self = .mistral
    case "anthropic": self = hasMessages ? .claude : .claudeText
    case "ai21" where !hasMessages: self = .jurassic
    case "amazon": self = fields["inputText"] != nil ? .titan : .nova
    default: self = Self.family(of: fields)
    }
  }

  private static func family(of fields: RequestFields) -> InvokeFamily {
    let marks: [(InvokeFamily, [String])] = [
      (.titan, ["inputText"]), (.llama, ["max_gen_len"]), (.claude, ["anthropic_version"]),
      (.claudeText, ["max_tokens_to_sample"]),
      (.jurassic, ["maxTokens", "numResults"]), (.nova, ["inferenceConfig", "schemaVersion"]),
    ]
    return marks.first { $0.1.contains { fields[$0] != nil } }?.0 ?? .open
  }

  func body(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    switch self {
    case .llama: try .llama(fields, setting)
    case .mistral: try .mistral(fields, setting)
    case .claude: try .claude(fields, setting)
    case .claudeText: try .claudeText(fields, setting)
    case .jurassic: try .jurassic(fields, setting)
    case .titan: try .titan(fields, setting)
    case .nova: try .nova(fields, setting)
    case .open: try .open(fields, setting)
    }
  }
}
