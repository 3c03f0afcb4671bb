internal import ApusChat
internal import ApusJSON

extension ToolUse {
  /// The tools of a request, and which of them the model may call, in Anthropic's fields.
  init(anthropic fields: RequestFields, _ limits: RequestLimits) throws(Refusal) {
    let tools = try fields.array("tools") ?? []
    guard tools.count <= limits.tools else {
      throw fields.mismatch("tools", "an array of at most \(limits.tools) tools")
    }
    var names: Set<String> = []
    for (index, value) in tools.enumerated() {
      guard case .object(let object) = value else { throw fields.mismatch("tools[\(index)]", "an object") }
      let (name, definition) = try Self.definition(fields.nested(object, "tools[\(index)]"))
      guard names.insert(name).inserted else { throw .invalid("tools", "Tool names must be unique.") }
      definitions.append(definition)
    }
    try readChoice(fields, names)
    // The model need not know of tools that it must not call.
    if choice == .none { definitions = [] }
  }

  /// One of the client's tools, in OpenAI's form.
  private static func definition(_ tool: RequestFields) throws(Refusal) -> (name: String, JSONValue) {
    guard ["custom", nil].contains(try tool.string("type")) else {
      throw .unsupported(tool.parameter("type"), "a tool of a type other than custom")
    }
    tool.accept([
      "cache_control", "strict", "eager_input_streaming", "input_examples", "allowed_callers", "defer_loading",
    ])
    guard let name = try tool.string("name"), !name.isEmpty else {
      throw tool.mismatch("name", "a text that is not empty")
    }
    guard let schema = try tool.members("input_schema") else { throw tool.mismatch("input_schema", "a JSON schema") }
    var function = JSONObject([("name", .string(name))])
    if let description = try tool.string("description") { function["description"] = .string(description) }
    function["parameters"] = .object(schema)
    return (name, ["type": "function", "function": .object(function)])
  }

  private mutating func readChoice(_ fields: RequestFields, _ names: Set<String>) throws(Refusal) {
    guard let wanted = try fields.object("tool_choice") else { return }
    switch try wanted.string("type") {
    case "auto": choice = .auto
    case "none": choice = .none
    case "any": choice = .required
    case "tool":
      guard let name = try wanted.string("name"), names.contains(name) else {
        throw wanted.mismatch("name", "the name of one of the tools")
      }
      choice = .function(name)
    default: throw wanted.mismatch("type", "\"auto\", \"any\", \"tool\" or \"none\"")
    }
    guard choice != .required || !names.isEmpty else {
      throw .invalid("tool_choice", "tool_choice may only be given together with tools")
    }
    allowsSeveral = try !(wanted.bool("disable_parallel_tool_use") ?? false)
  }
}
