internal import ApusChat
internal import ApusJSON

/// The tools of a request to `/v1/responses`.
///
/// A custom tool, whose input is any text, is a function with this one argument to the model.
struct ResponseTools: Sendable {
  private(set) var use = ToolUse()
  private(set) var customNames: Set<String> = []

  /// Tools that OpenAI's servers run themselves, and that agents offer by habit: the model is not told of them.
  private static let leftOut: Set<String> = [
    "web_search", "web_search_preview", "image_generation", "tool_search", "namespace",
  ]

  init(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) {
    let values = try fields.array("tools") ?? []
    guard values.count <= limits.tools else {
      throw fields.mismatch("tools", "an array of at most \(limits.tools) tools")
    }
    for (index, value) in values.enumerated() {
      guard case .object(let object) = value else { throw fields.mismatch("tools[\(index)]", "an object") }
      // Unread, its fields are named as ignored.
      let tool = fields.nested(object, "tools[\(index)]")
      if case .string(let type)? = object["type"], Self.leftOut.contains(type) { continue }
      use.definitions.append(try definition(tool))
    }
    use.allowsSeveral = try fields.bool("parallel_tool_calls") ?? true
    try readChoice(fields)
    // The model need not know of tools that it must not call.
    if use.choice == .none { use.definitions = [] }
  }

  /// A tool in the form of chat completions.
  private mutating func definition(_ tool: RequestFields) throws(Refusal) -> JSONValue {
    let type = try tool.string("type")
    guard type == "function" || type == "custom" else {
      throw .unsupported(tool.parameter("type"), "a tool of a type other than function and custom")
    }
    guard let name = try tool.string("name"), !name.isEmpty else {
      throw tool.mismatch("name", "a text that is not empty")
    }
    tool.accept(["strict", "output_schema", "defer_loading", "allowed_callers", "format", "async"])
    var function = JSONObject([("name", .string(name))])
    if let description = try tool.string("description") { function["description"] = .string(description) }
    if type == "custom" {
      customNames.insert(name)
      function["parameters"] = ["type": "object", "properties": ["input": ["type": "string"]], "required": ["input"]]
    } else if let parameters = try tool.members("parameters") {
      function["parameters"] = .object(parameters)
    }
    return ["type": "function", "function": .object(function)]
  }

  private mutating func readChoice(_ fields: RequestFields) throws(Refusal) {
    let expected = "\"none\", \"auto\", \"required\" or the name of a tool"
    switch fields["tool_choice"] {
    case nil, .string("auto")?: use.choice = .auto
    case .string("none")?: use.choice = .none
    case .string("required")?: use.choice = .required
    case .object(let object)?:
      let choice = fields.nested(object, "tool_choice")
      switch try choice.string("type") {
      case "function", "custom": use.choice = .function(try choice.text("name"))
      case "allowed_tools": try readAllowed(choice)
      default: throw .unsupported(choice.parameter("type"), "a tool that this server does not run")
      }
    default: throw fields.mismatch("tool_choice", expected)
    }
    let names = use.names
    if case .function(let name) = use.choice, !names.contains(name) {
      throw .invalid("tool_choice.name", "tool_choice.name must be the name of one of the tools")
    }
    if use.choice == .required, names.isEmpty {
      throw .invalid("tool_choice", "tool_choice may only be \"required\" together with tools")
    }
  }

  /// The model is told of those tools only that it may call.
  private mutating func readAllowed(_ choice: RequestFields) throws(Refusal) {
    switch try choice.string("mode") {
    case "auto": use.choice = .auto
    case "required": use.choice = .required
    default: throw choice.mismatch("mode", "\"auto\" or \"required\"")
    }
    let allowed = try choice.objects("tools") { tool throws(Refusal) in
      tool.accept(["type"])
      return try tool.string("name")
    }
    use.definitions = use.definitions.filter { allowed.contains(ToolUse.name(of: $0)) }
  }

  // MARK: Custom tools

  /// The arguments of the function that a custom tool is to the model.
  static func arguments(ofInput input: String) -> String { JSONObject([("input", .string(input))]).text }

  /// The other way round.
  static func input(ofArguments arguments: String) -> String {
    if case .string(let input)? = (try? JSONParser.parse(arguments))?["input"] { input } else { arguments }
  }
}

extension ToolUse {
  /// The names of the tools.
  var names: [String] { definitions.compactMap(Self.name) }

  fileprivate static func name(of definition: JSONValue) -> String? {
    if case .string(let name)? = definition["function"]?["name"] { name } else { nil }
  }
}
