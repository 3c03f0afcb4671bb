internal import Apus
internal import ApusJSON

/// A request to `/v1/responses`.
struct ResponsesRequest {
  let input: ChatInput
  let tools: ResponseTools
  /// What the answer repeats of the request.
  let echo: JSONObject
  /// Whether the client wants the answer to be kept, and whether that is tried.
  let isStoreWanted: Bool
  let isKept: Bool
  /// All items that stand before the answer, where that is to be kept.
  let items: [JSONValue]

  /// Fields that change nothing of an answer here, and are not looked at: how it is scheduled or cached.
  static let harmless = [
    "model", "stream", "prompt_cache_options", "prompt_cache_retention", "max_tool_calls", "access_programs",
    "client_metadata",
  ]
  /// Fields that need a service of OpenAI's.
  static let unsupported = ["conversation", "prompt", "moderation", "background_options"]

  /// Reads the fields; nothing is rendered yet.
  init(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    for name in Self.unsupported where fields[name] != nil { throw .unsupported(name, name) }
    if try fields.bool("background") ?? false { throw .unsupported("background", "an answer in the background") }
    if try fields.int("top_logprobs", in: 0...20) ?? 0 > 0 { throw .unsupported("top_logprobs", "top_logprobs") }
    try Self.check(fields)
    tools = try ResponseTools(fields, setting.limits)
    let earlier = try KeptResponse.items(of: setting.earlier)
    var input = try fields.chat(
      try fields.input(after: earlier, setting.limits), tools.use, setting,
      maxTokens: try fields.int("max_output_tokens", in: 1...Int.max), own: try Self.format(fields))
    (input.form.thinking, input.form.thinkingBudget) = try fields.thinking()
    input.form.thinking = try Self.thinking(fields) ?? input.form.thinking
    self.input = input
    fields.accept(Self.harmless)
    let store = try fields.bool("store")
    isStoreWanted = store ?? setting.hasStore
    isKept = isStoreWanted && setting.hasStore
    items = isKept ? earlier + KeptResponse.items(of: fields["input"]) : []
    echo = Self.echo(fields, isKept: isKept)
  }

  /// Looks at what changes nothing but must be of its type.
  private static func check(_ fields: RequestFields) throws(Refusal) {
    try fields.checkLabels()
    guard [nil, "auto", "disabled"].contains(try fields.string("truncation")) else {
      throw fields.mismatch("truncation", "\"auto\" or \"disabled\"")
    }
    let stream = try fields.object("stream_options")
    stream?.accept(["include_obfuscation"])
    for value in try fields.array("include") ?? [] {
      guard case .string(let name) = value else { throw fields.mismatch("include", "an array of texts") }
      guard name != "message.output_text.logprobs" else { throw .unsupported("include", name) }
    }
  }

  /// How much the model is to think.
  private static func thinking(_ fields: RequestFields) throws(Refusal) -> PromptOptions.Thinking? {
    guard let reasoning = try fields.object("reasoning") else { return nil }
    reasoning.accept(["summary", "generate_summary", "context", "mode"])
    return try reasoning.effort()
  }

  /// What the answer must be, in `text.format`.
  private static func format(_ fields: RequestFields) throws(Refusal) -> NamedConstraint? {
    let text = try fields.object("text")
    text?.accept(["verbosity"])
    guard let format = try text?.object("format") else { return nil }
    switch try format.string("type") {
    case "text": return nil
    case "json_object": return (format.parameter("type"), .jsonObject)
    case "json_schema":
      format.accept(["name", "description", "strict"])
      guard let schema = try format.schema("schema") else { throw format.mismatch("schema", "a JSON schema") }
      return (format.parameter("schema"), schema)
    default: throw format.mismatch("type", "\"text\", \"json_object\" or \"json_schema\"")
    }
  }

  /// Nothing is left out of an input that is too long.
  private static func echo(_ fields: RequestFields, isKept: Bool) -> JSONObject {
    var echo = JSONObject()
    let usual: [(String, JSONValue)] = [
      ("instructions", .null), ("max_output_tokens", .null), ("metadata", [:]), ("parallel_tool_calls", true),
      ("reasoning", ["effort": .null, "summary": .null]), ("temperature", .null),
      ("text", ["format": ["type": "text"]]), ("tool_choice", "auto"), ("tools", []), ("top_p", .null),
      ("prompt_cache_key", .null), ("user", .null),
    ]
    for (name, value) in usual { echo[name] = fields[name] ?? value }
    echo["store"] = .bool(isKept)
    echo["truncation"] = "disabled"
    echo["previous_response_id"] = fields["previous_response_id"] ?? .null
    echo["background"] = false
    return echo
  }
}
