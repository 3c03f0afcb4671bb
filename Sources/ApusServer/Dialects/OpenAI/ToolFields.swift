internal import Apus
internal import ApusChat
internal import ApusJSON

/// The tools of a chat request, in OpenAI's fields.
struct ToolFields: Sendable {
  private(set) var use = ToolUse()
  /// Whether the older fields are used, `functions` and `function_call`.
  private(set) var isLegacy = false

  /// Reads the fields; the older names stand for the same.
  init(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) {
    let tools = try Self.list("tools", fields, limits)
    let functions = try Self.list("functions", fields, limits)
    guard tools.isEmpty || functions.isEmpty else {
      throw .invalid("functions", "functions and tools mean the same: give one of them")
    }
    isLegacy = !functions.isEmpty
    use.definitions = isLegacy ? functions.map { ["type": "function", "function": $0] } : tools
    let legacyChoice = try Self.choice("function_call", fields)
    guard isLegacy || legacyChoice == .auto || legacyChoice == .none else {
      throw .invalid("function_call", "function_call needs functions: with tools, give tool_choice")
    }
    use.choice = isLegacy ? legacyChoice : try Self.choice("tool_choice", fields)
    // The older form has room for one call.
    use.allowsSeveral = try fields.bool("parallel_tool_calls") ?? true && !isLegacy
    // The model need not know of tools that it must not call.
    if use.choice == .none { use.definitions = [] }
    for (index, definition) in use.definitions.enumerated() { try Self.check(definition, at: index, isLegacy) }
  }

  private static func list(
    _ name: String, _ fields: RequestFields, _ limits: RequestLimits
  ) throws(Refusal) -> [JSONValue] {
    let tools = try fields.array(name) ?? []
    guard tools.count <= limits.tools else {
      throw fields.mismatch(name, "an array of at most \(limits.tools) entries")
    }
    for tool in tools { guard case .object = tool else { throw fields.mismatch(name, "an array of objects") } }
    return tools
  }

  private static func check(_ tool: JSONValue, at index: Int, _ isLegacy: Bool) throws(Refusal) {
    let place = isLegacy ? "functions[\(index)]" : "tools[\(index)].function"
    guard isLegacy || tool["type"] == nil || tool["type"] == "function" else {
      throw .unsupported("tools[\(index)].type", "a tool that is no function")
    }
    guard case .string(let name)? = tool["function"]?["name"], !name.isEmpty else {
      throw .invalid("\(place).name", "\(place).name must be a text that is not empty")
    }
    switch tool["function"]?["parameters"] {
    case nil, .null?, .object?: break
    default: throw .invalid("\(place).parameters", "\(place).parameters must be a JSON schema")
    }
  }

  private static func choice(_ name: String, _ fields: RequestFields) throws(Refusal) -> ToolChoice {
    switch fields[name] {
    case nil, .string("auto")?: return .auto
    case .string("none")?: return .none
    case .string("required")?: return .required
    case .object(let object)?:
      let choice = fields.nested(object, name)
      choice.accept(["type"])
      let function = name == "function_call" ? choice : try choice.object("function")
      guard let named = try function?.string("name") else { throw choice.mismatch("function", "an object with a name") }
      return .function(named)
    default: throw fields.mismatch(name, "\"none\", \"auto\", \"required\" or an object")
    }
  }
}

extension RequestFields {
  /// The calls of a message of the model, by their newer or older name.
  func toolCalls() throws(Refusal) -> [ToolCall] {
    if let call = try object("function_call") { return [try call.call(id: "call_0")] }
    var calls: [ToolCall] = []
    for (index, value) in (try array("tool_calls") ?? []).enumerated() {
      let name = "tool_calls[\(index)]"
      guard case .object(let object) = value else { throw mismatch(name, "an object with id and function") }
      let entry = nested(object, name)
      entry.accept(["type", "index"])
      guard let function = try entry.object("function") else { throw entry.mismatch("function", "an object") }
      calls.append(try function.call(id: try entry.string("id") ?? "call_\(index)"))
    }
    return calls
  }

  private func call(id: String) throws(Refusal) -> ToolCall {
    guard let name = try string("name") else { throw mismatch("name", "a text") }
    switch self["arguments"] {
    case nil: return ToolCall(id: id, name: name, arguments: "{}")
    case .string(let text)?: return ToolCall(id: id, name: name, arguments: text.isEmpty ? "{}" : text)
    case .object(let object)?: return ToolCall(id: id, name: name, arguments: object.text)
    default: throw mismatch("arguments", "JSON text")
    }
  }
}
