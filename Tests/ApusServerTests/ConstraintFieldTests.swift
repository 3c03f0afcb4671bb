internal import ApusJSON
internal import ApusServer
internal import Testing

/// What an answer must be, in the fields of several dialects, and what becomes of calls.
struct ConstraintFieldTests {
  private let path = "/v1/chat/completions"

  private func post(_ fields: String, to path: String? = nil) async throws -> Reply {
    let server = try TestServer(await TestModel.spacious())
    let prompt = path == nil ? #""messages":[{"role":"user","content":"the"}]"# : #""prompt":"the""#
    return try await server.post(path ?? self.path, "{\(prompt),\"temperature\":1,\"seed\":3,\(fields)}")
  }

  private static let tool =
    #"{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"enum":["x","y"]}},"required":["a"]}}}"#

  @Test(arguments: [
    #""tools":[TOOL],"tool_choice":"required""#,
    #""tools":[TOOL,{"function":{"name":"g"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
  ])
  func `A call comes where it must`(_ fields: String) async throws {
    let fields = fields.replacing("TOOL", with: Self.tool) + #","parallel_tool_calls":false,"stop":"a""#
    let reply = try await post(fields)
    let choice = try #require(reply.json["choices"]?.elements?.first, "\(reply.text)")
    let function = choice["message"]?["tool_calls"]?.elements?.first?["function"]
    #expect(choice["finish_reason"] == "tool_calls" && choice["message"]?["content"] == .null, "\(reply.text)")
    #expect(function?["name"] == "f", "\(reply.text)")
    let arguments = [#"{"a":"x"}"#, #"{"a":"y"}"#, #"{"a": "x"}"#, #"{"a": "y"}"#].map { JSONValue.string($0) }
    #expect(arguments.contains { $0 == function?["arguments"] }, "\(reply.text)")
  }

  @Test(arguments: [#""auto""#, #""required""#, #""none""#])
  func `Beside tools an answer fits the schema, or calls do`(_ choice: String) async throws {
    let schema = #"{"type":"object","properties":{"b":{"enum":[1]}},"required":["b"],"additionalProperties":false}"#
    let format = #""response_format":{"type":"json_schema","json_schema":{"name":"x","schema":SCHEMA}}"#
    for stream in ["", #","stream":true"#] {
      let reply = try await post(
        format.replacing("SCHEMA", with: schema) + ",\"tools\":[\(Self.tool)],\"tool_choice\":\(choice)"
          + #","parallel_tool_calls":false"# + stream)
      #expect(reply.status == 200, "\(reply.text)")
      let choices = stream.isEmpty ? [reply.json] : reply.events
      let parts = choices.compactMap { $0["choices"]?.elements?.first }.compactMap { $0["message"] ?? $0["delta"] }
      let content = parts.map { part in
        if case .string(let text)? = part["content"] { text } else { "" }
      }.joined()
      let isCall = parts.contains { $0["tool_calls"]?.elements?.isEmpty == false }
      #expect(isCall ? content.isEmpty && choice != #""none""# : content == #"{"b":1}"#, "\(reply.text)")
      if choice == #""required""# { #expect(isCall, "\(reply.text)") }
    }
  }

  private func content(_ reply: Reply) -> String? {
    guard case .string(let text)? = reply.json["choices"]?.elements?.first?["message"]?["content"] else { return nil }
    return text
  }

  @Test(arguments: [
    #""guided_choice":["in"]"#, #""structured_outputs":{"choice":["in"]}"#, #""guided_regex":"i[n]""#,
    #""structured_outputs":{"regex":"in"}"#, #""grammar":"root ::= \"in\"""#, #""guided_grammar":"root ::= \"in\"""#,
    #""guided_grammar":"start: \"in\"""#, #""structured_outputs":{"grammar":"start: \"in\""}"#,
  ])
  func `Each field makes the answer fit`(_ fields: String) async throws {
    let reply = try await post(fields)
    #expect(reply.status == 200 && content(reply) == "in", "\(reply.text)")
    #expect(reply.json["choices"]?.elements?.first?["finish_reason"] == "stop")
    let completion = try await post(fields, to: "/v1/completions")
    #expect(completion.json["choices"]?.elements?.first?["text"] == "in")
  }

  @Test(arguments: [
    #""response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":SCHEMA}}"#,
    #""json_schema":SCHEMA"#, #""guided_json":SCHEMA"#, #""structured_outputs":{"json":SCHEMA}"#,
    #""response_format":{"type":"json_object","schema":SCHEMA}"#,
  ])
  func `A schema makes the answer JSON that fits`(_ fields: String) async throws {
    let schema =
      #"{"type":"object","properties":{"a":{"enum":["x","y"]}},"required":["a"],"additionalProperties":false}"#
    let reply = try await post(fields.replacing("SCHEMA", with: schema))
    let text = try #require(content(reply), "\(reply.text)")
    #expect(["{\"a\":\"x\"}", "{\"a\":\"y\"}"].contains(text))
  }

  @Test(arguments: [
    (#""guided_regex":"(""#, "guided_regex"), (#""guided_choice":[]"#, "guided_choice"),
    (#""structured_outputs":{"regex":"("}"#, "structured_outputs.regex"),
    (#""structured_outputs":{"structural_tag":"x"}"#, "structured_outputs.structural_tag"),
    (#""structured_outputs":{"jsn":{"type":"object"}}"#, "structured_outputs.jsn"),
    (#""structured_outputs":{"regex":"a","jsn":{}}"#, "structured_outputs.jsn"),
    (#""structured_outputs":{"regex":"a","disable_fallback":3}"#, "structured_outputs.disable_fallback"),
    (#""response_format":{"type":"json_schema","json_schema":{"schema":{"type":"x"}}}"#, "response_format"),
    (#""guided_choice":[1]"#, "guided_choice"),
    (#""guided_choice":"x""#, "guided_choice"), (#""grammar":"x""#, "grammar"), (#""json_schema":3"#, "json_schema"),
    (#""guided_regex":"a","guided_choice":["a"]"#, "guided_choice"),
    (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
    (#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format.json_schema.schema"),
    (#""tools":[{"type":"function"}]"#, "tools[0].function.name"), (#""tools":[{}]"#, "tools[0].function.name"),
    (#""tools":[{"type":"web"}]"#, "tools[0].type"),
    (#""tools":[{"function":{"name":"f","parameters":3}}]"#, "tools[0].function.parameters"),
    (#""tool_choice":"required""#, "tool_choice"),
    (#""tools":[TOOL],"tool_choice":{"type":"function"}"#, "tool_choice.function"),
    (#""tools":[TOOL],"tool_choice":{"type":"function","function":{"name":"g"}}"#, "tool_choice"),
    (#""tools":[TOOL],"tool_choice":"required","guided_regex":"a""#, "tool_choice"),
    (#""tools":[{"function":{"name":"f","parameters":{"pattern":"("}}}],"tool_choice":"required""#, "tools"),
  ])
  func `What cannot be kept is refused by its name`(_ fields: String, _ parameter: String) async throws {
    let reply = try await post(fields.replacing("TOOL", with: Self.tool))
    #expect(reply.status == 400 && reply.json["error"]?["param"] == .string(parameter), "\(reply.text)")
  }

  /// An answer that is a call, as a model would write it.
  private let call = #""guided_choice":["<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"]"#
  private let tools = #","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#

  @Test func `A call comes as a call, whole and streamed`() async throws {
    let reply = try await post(call + tools)
    let choice = try #require(reply.json["choices"]?.elements?.first)
    let found = try #require(choice["message"]?["tool_calls"]?.elements?.first, "\(reply.text)")
    #expect(found["function"] == ["name": "f", "arguments": "{\"x\": 1}"] && found["type"] == "function")
    #expect(choice["finish_reason"] == "tool_calls" && choice["message"]?["content"] == .null)
    let stream = try await post(call + tools + ",\"stream\":true")
    let deltas = stream.events.compactMap { $0["choices"]?.elements?.first }
    let calls = deltas.compactMap { $0["delta"]?["tool_calls"]?.elements?.first }
    #expect(calls.compactMap { $0["function"]?["name"] } == ["f"])
    let arguments = calls.reduce(into: "") { all, call in
      if case .string(let piece)? = call["function"]?["arguments"] { all += piece }
    }
    #expect(arguments == "{\"x\": 1}" && deltas.last?["finish_reason"] == "tool_calls")
  }

  @Test func `By the older names a call comes by the older name, and without tools it is text`() async throws {
    let reply = try await post(call + #","functions":[{"name":"f"}]"#)
    let choice = reply.json["choices"]?.elements?.first
    #expect(choice?["message"]?["function_call"] == ["name": "f", "arguments": "{\"x\": 1}"], "\(reply.text)")
    #expect(choice?["finish_reason"] == "function_call")
    // The older form has room for one call: what follows is not lost.
    let two = #""guided_choice":["CALL\nCALL"]"#.replacing(
      "CALL", with: #"<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"#)
    let several = try await post(two + #","functions":[{"name":"f"}]"#)
    let message = several.json["choices"]?.elements?.first?["message"]
    #expect(
      message?["function_call"]?["name"] == "f" && content(several)?.contains("tool_call") == true, "\(several.text)")
    let plain = try await post(call)
    #expect(content(plain)?.hasPrefix("<tool_call>") == true)
  }
}
