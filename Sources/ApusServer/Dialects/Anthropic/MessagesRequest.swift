internal import Apus
internal import ApusJSON

/// A request in the form of Anthropic's messages, wherever it comes from.
struct MessagesRequest {
  let input: ChatInput
  /// Whether what the model thinks is not to be told.
  let omitsThinking: Bool

  /// Fields that change nothing of an answer here, and are not looked at: how fast, from which cache, and what to tell of it.
  static let harmless = [
    "model", "stream", "speed", "inference_geo", "cache_control", "diagnostics",
    "anthropic_version", "anthropic_beta", "betas", "user_profile_id", "workspace_id",
  ]
  /// Fields that would make another answer.
  static let unsupported = ["container", "mcp_servers"]

  /// Reads the fields; nothing is rendered yet.
  ///
  /// With `isCounted` only the prompt's tokens are wanted, and no answer.
  init(_ fields: RequestFields, _ setting: JobSetting, isCounted: Bool = false) throws(Refusal) {
    let maxTokens = try fields.int("max_tokens", in: 1...Int.max)
    guard isCounted || maxTokens != nil else { throw .invalid("max_tokens", "Field required") }
    let (thinking, output) = try (fields.object("thinking"), fields.object("output_config"))
    omitsThinking = try Self.omitsThinking(thinking)
    var input = try fields.chat(
      try fields.messages(setting.limits), try ToolUse(anthropic: fields, setting.limits), setting,
      maxTokens: maxTokens, stop: try fields.textList("stop_sequences", limits: setting.limits),
      own: try Self.schema(output, older: try fields.object("output_format")))
    (input.form.thinking, input.form.thinkingBudget) = try Self.thinking(fields, output)
    // The answer goes on with what the assistant has said already.
    input.form.continuesLastMessage = input.messages.last?.role == .assistant
    self.input = input
    fields.accept(Self.harmless)
    _ = try (fields.checkMetadata(), fields.string("service_tier"))
    for name in Self.unsupported where ![nil, []].contains(fields[name]) { throw .unsupported(name, name) }
  }

  /// What the API calls a field that the library knows by another name.
  static func field(_ name: String) -> String { name == "stop" ? "stop_sequences" : name }

  /// The schema of the answer: in `output_config`, or where the client's beta had it.
  private static func schema(_ output: RequestFields?, older: RequestFields?) throws(Refusal) -> NamedConstraint? {
    guard let format = try output?.object("format") ?? older else { return nil }
    guard try format.string("type") == "json_schema" else { throw format.mismatch("type", "\"json_schema\"") }
    guard let schema = try format.schema("schema") else { throw format.mismatch("schema", "a JSON schema") }
    return (format.parameter("schema"), schema)
  }

  /// Whether the model is to think, how much, and in how many tokens; the template's own manner, where the request says
  /// nothing.
  private static func thinking(
    _ fields: RequestFields, _ output: RequestFields?
  ) throws(Refusal) -> (PromptOptions.Thinking?, budget: Int?) {
    let effort = try output?.effort()
    guard let (isOn, budget) = try fields.switched("thinking", least: 1) else { return (nil, nil) }
    return isOn ? (effort ?? .on, budget) : (.off, nil)
  }

  private static func omitsThinking(_ thinking: RequestFields?) throws(Refusal) -> Bool {
    guard let thinking else { return false }
    switch try thinking.string("display") {
    case nil, "summarized": return false
    case "omitted": return true
    default: throw thinking.mismatch("display", "\"summarized\" or \"omitted\"")
    }
  }
}
