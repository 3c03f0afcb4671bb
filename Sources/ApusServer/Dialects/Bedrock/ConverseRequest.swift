internal import Apus
internal import ApusChat
internal import ApusJSON

/// A request to Converse: messages, tools and options in Bedrock's fields.
struct ConverseRequest {
  let input: ChatInput

  init(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    // For whom it is and how it is to be scheduled changes nothing of an answer here.
    fields.accept([
      "additionalModelResponseFieldPaths", "requestMetadata", "performanceConfig", "serviceTier", "projectIdentifier",
    ])
    for name in ["guardrailConfig", "promptVariables"] where fields[name] != nil { throw .unsupported(name, name) }
    // What Converse has no fields for: those of other dialects.
    let additional = "additionalModelRequestFields"
    let others = try fields.object(additional) ?? fields.nested(JSONObject(), additional)
    var input = ChatInput(
      messages: try fields.converseMessages(setting.limits), tools: try fields.converseTools(setting.limits),
      options: try Self.options(fields, others, setting))
    (input.form.thinking, input.form.thinkingBudget) = try others.thinking()
    self.input = input
  }

  private static func options(
    _ fields: RequestFields, _ others: RequestFields, _ setting: JobSetting
  ) throws(Refusal) -> GenerationOptions {
    var options = try others.options(BodyNames(), setting, own: try schema(fields))
    if let usual = try fields.object("inferenceConfig") {
      options.maxTokens = try usual.int("maxTokens", in: 1...Int.max) ?? options.maxTokens
      if let temperature = try usual.number("temperature", in: 0...1) { options.sampling?.temperature = temperature }
      if let topP = try usual.number("topP", in: 0...1) { options.sampling?.topP = topP }
      if usual["stopSequences"] != nil { options.stop = try usual.texts("stopSequences", limits: setting.limits) }
    }
    return options
  }

  /// `outputConfig`: the schema of an answer, as a text.
  private static func schema(_ fields: RequestFields) throws(Refusal) -> NamedConstraint? {
    guard let format = try fields.object("outputConfig")?.object("textFormat") else { return nil }
    guard try format.string("type") == "json_schema" else { throw format.mismatch("type", "\"json_schema\"") }
    guard let described = try format.object("structure")?.object("jsonSchema") else {
      throw format.mismatch("structure", "an object with jsonSchema")
    }
    described.accept(["name", "description"])
    return (described.parameter("schema"), .jsonSchema(try described.text("schema")))
  }
}

extension RequestFields {
  /// `toolConfig`: the tools, and whether they must be called.
  func converseTools(_ limits: RequestLimits) throws(Refusal) -> ToolUse {
    var use = ToolUse()
    guard let configuration = try object("toolConfig") else { return use }
    for tool in try configuration.list("tools", upTo: limits.tools) {
      tool.accept(["cachePoint"])
      if tool["systemTool"] != nil { throw .unsupported(tool.parameter("systemTool"), "a system's tool") }
      if let specification = try tool.object("toolSpec") { use.definitions.append(try specification.converseTool()) }
    }
    if let choice = try configuration.object("toolChoice") {
      choice.accept(["auto"])
      if choice["any"] != nil { use.choice = .required }
      if let tool = try choice.object("tool") { use.choice = .function(try tool.text("name")) }
    }
    return use
  }

  private func converseTool() throws(Refusal) -> JSONValue {
    accept(["strict"])
    guard let schema = try object("inputSchema")?.members("json") else {
      throw mismatch("inputSchema", "an object whose json is a JSON schema")
    }
    var function: JSONMembers = [("name", .string(try text("name")))]
    if let description = try string("description") { function.append(("description", .string(description))) }
    function.append(("parameters", .object(schema)))
    return ["type": "function", "function": .object(JSONObject(function))]
  }

  /// The objects of an array.
  func list(_ name: String, upTo limit: Int) throws(Refusal) -> [RequestFields] {
    let values = try array(name) ?? []
    guard values.count <= limit else { throw mismatch(name, "an array of at most \(limit) entries") }
    var list: [RequestFields] = []
    for (index, value) in values.enumerated() {
      guard case .object(let object) = value else { throw mismatch("\(name)[\(index)]", "an object") }
      list.append(nested(object, "\(name)[\(index)]"))
    }
    return list
  }
}
