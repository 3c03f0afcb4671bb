internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// `/v1/responses`.
struct ResponsesTests {
  private let path = "/v1/responses"
  private let hello = #""input":"hello","max_output_tokens":12,"seed":2,"ignore_eos":true"#
  private let tools =
    #","tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}]"#

  /// An answer that is a call, as a model would write it.
  private func call(_ name: String, _ arguments: String) -> String {
    let text = "<tool_call>\n{\"name\": \"\(name)\", \"arguments\": \(arguments)}\n</tool_call>"
    let list = String(
      decoding: JSONValue.array([.string(text)]).serialized(.compact), as: UTF8.self)
    return #","guided_choice":\#(list)"#
  }

  private func types(_ events: [JSONValue]) -> [JSONValue?] { events.map { $0["type"] } }

  private func text(_ events: [JSONValue], of type: String) -> JSONValue {
    .string(
      events.reduce(into: "") { text, event in
        if event["type"] == .string(type), case .string(let piece)? = event["delta"] {
          text += piece
        }
      })
  }

  @Test func `The tokens of a request are counted as its answer has them, and nothing is compacted`() async throws {
    let server = try TestServer(await TestModel.quick())
    let body = #"{\#(hello),"instructions":"Be kind."}"#
    let answer = try await server.post(path, body)
    let counted = try await server.post(path + "/input_tokens", body)
    #expect(counted.status == 200 && counted.json["object"] == "response.input_tokens", "\(counted.text)")
    #expect(counted.json["input_tokens"] == answer.json["usage"]?["input_tokens"])
    let wrong = try await server.post(path + "/input_tokens", #"{"input":5}"#)
    #expect(wrong.status == 400 && wrong.json["error"]?["param"] == "input", "\(wrong.text)")
    let compact = try await server.post(path + "/compact", body)
    #expect(compact.status == 404 && compact.isAPIError, "\(compact.text)")
  }

  @Test func `An answer is a response, and a stream tells the same in order`() async throws {
    let server = try TestServer(await TestModel.quick())
    let whole = try await server.post(
      path, #"{\#(hello),"model":"gpt-x","instructions":"Be kind.","store":true}"#)
    #expect(whole.status == 200, "\(whole.text)")
    for (key, value): (String, JSONValue) in [
      ("object", "response"), ("status", "incomplete"), ("model", "gpt-x"),
      ("created_at", 1_700_000_000),
      ("incomplete_details", ["reason": "max_output_tokens"]), ("instructions", "Be kind."),
      ("store", false),
      ("max_output_tokens", 12), ("error", .null), ("tools", []), ("tool_choice", "auto"),
      ("parallel_tool_calls", true), ("previous_response_id", .null),
    ] { #expect(whole.json[key] == value, "\(key)") }
    let item = try #require(whole.json["output"]?.elements?.first)
    #expect(
      item["type"] == "message" && item["role"] == "assistant" && item["status"] == "incomplete")
    #expect(whole.json["usage"]?["output_tokens"] == 12)

    let stream = try await server.post(
      path, #"{\#(hello),"model":"gpt-x","instructions":"Be kind.","stream":true}"#)
    let events = stream.events
    let numbers = events.indices.map { JSONValue.int($0) }
    #expect(events.map { $0["sequence_number"] } == numbers)
    let names = stream.text.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map {
      $0.dropFirst(7)
    }
    #expect(names.map { JSONValue.string(String($0)) } == types(events))
    let first: [JSONValue?] = [
      "response.created", "response.in_progress", "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
    ]
    #expect(Array(types(events).prefix(5)) == first)
    let last: [JSONValue?] = [
      "response.output_text.done", "response.content_part.done", "response.output_item.done",
      "response.incomplete",
    ]
    #expect(Array(types(events).suffix(4)) == last)
    let part = item["content"]?.elements?.first
    #expect(
      text(events, of: "response.output_text.delta") == part?["text"]
        && part?["type"] == "output_text")
    #expect(events[events.count - 4]["text"] == part?["text"])
    let response = events.last?["response"]
    #expect(
      response?["id"] == events.first?["response"]?["id"]
        && response?["usage"]?["output_tokens"] == whole.json["usage"]?["output_tokens"]
        && response?["usage"]?["input_tokens"] == whole.json["usage"]?["input_tokens"])
    #expect(response?["output"]?.elements?.first?["content"] == item["content"])
    #expect(response?["output"]?.elements?.first?["id"] == events[2]["item"]?["id"])
  }

  @Test func `One seed gives the same text as a chat completion`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat = try await server.post(
      "/v1/chat/completions",
      #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"hello"}],"max_tokens":16,"seed":9}"#
    )
    let response = try await server.post(
      path,
      #"{"instructions":"s","input":[{"role":"user","content":"hello"}],"max_output_tokens":16,"seed":9}"#
    )
    #expect(
      response.json["output"]?.elements?.first?["content"]?.elements?.first?["text"]
        == chat.json["choices"]?.elements?.first?["message"]?["content"])
  }

  @Test func `A call is an item, whole and streamed`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let fields = #""input":"hello""# + tools + call("f", #"{"x": 1}"#)
    let whole = try await server.post(path, "{\(fields)}")
    let item = try #require(whole.json["output"]?.elements?.first, "\(whole.text)")
    #expect(
      item["type"] == "function_call" && item["name"] == "f" && item["arguments"] == #"{"x": 1}"#)
    #expect(item["status"] == "completed" && whole.json["status"] == "completed")
    if case .string(let id)? = item["call_id"] {
      #expect(id.hasPrefix("call_"))
    } else {
      Issue.record("no id")
    }
    let events = try await server.post(path, #"{\#(fields),"stream":true}"#).events
    #expect(text(events, of: "response.function_call_arguments.delta") == #"{"x": 1}"#)
    let done = events.first { $0["type"] == "response.output_item.done" }?["item"]
    #expect(done?["arguments"] == #"{"x": 1}"# && events.last?["type"] == "response.completed")
    let arguments = events.first { $0["type"] == "response.function_call_arguments.done" }
    #expect(arguments?["name"] == "f" && arguments?["item_id"] == done?["id"])
  }

  @Test func `A custom tool is a function to the model, and has text to the client`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let custom =
      #","tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"text"}}]"#
    let fields = #""input":"hello""# + custom + call("patch", #"{"input": "*** a\n+b"}"#)
    let whole = try await server.post(path, "{\(fields)}")
    let item = try #require(whole.json["output"]?.elements?.first, "\(whole.text)")
    #expect(item["type"] == "custom_tool_call" && item["input"] == "*** a\n+b", "\(whole.text)")
    let events = try await server.post(path, #"{\#(fields),"stream":true}"#).events
    #expect(text(events, of: "response.custom_tool_call_input.delta") == "*** a\n+b")
    #expect(
      events.first { $0["type"] == "response.custom_tool_call_input.done" }?["input"] == "*** a\n+b"
    )
  }

  @Test func `What the model thinks is an item of its own`() async throws {
    let server = try TestServer(await TestModel.thinking())
    let fields = #""input":"hello","guided_choice":["<think>why</think>so"]"#
    let whole = try await server.post(path, "{\(fields)}")
    let items = whole.json["output"]?.elements ?? []
    #expect(items.map { $0["type"] } == ["reasoning", "message"], "\(whole.text)")
    #expect(items.first?["content"] == [["type": "reasoning_text", "text": "why"]])
    let events = try await server.post(path, #"{\#(fields),"stream":true}"#).events
    #expect(text(events, of: "response.reasoning_text.delta") == "why")
    #expect(text(events, of: "response.output_text.delta") == "so")
    #expect(
      events.compactMap { $0["type"] == "response.output_item.done" ? $0["output_index"] : nil }
        == [0, 1])
  }

  @Test func `The conversation of an agent is taken whole`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let items = [
      #"{"type":"message","role":"developer","content":[{"type":"input_text","text":"p"}]}"#,
      #"{"type":"message","role":"user","content":[{"type":"input_text","text":"weather?"}]}"#,
      #"{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"encrypted_content":null}"#,
      #"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"wait"}]}"#,
      #"{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"city\":\"Ulm\"}"}"#,
      #"{"type":"function_call_output","call_id":"c1","output":"sunny"}"#,
      #"{"role":"user","content":"so?"}"#,
    ].joined(separator: ",")
    let habits =
      #""tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"medium","summary":"auto"},"#
      + #""store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","text":{"verbosity":"low"},"#
    let reply = try await server.post(
      path,
      #"{"model":"m","instructions":"i",\#(habits)"temperature":0,"max_output_tokens":4,"input":[\#(items)]"#
        + tools + "}")
    #expect(reply.status == 200, "\(reply.text)")
    let ignored = try #require(HTTPField.Name("X-Apus-Ignored-Fields"))
    #expect(reply.headers[ignored] == nil)
    let chat = try await server.post(
      "/v1/chat/completions",
      #"{"messages":[{"role":"system","content":"i\np"},{"role":"user","content":"weather?"},{"role":"assistant","#
        + #""content":"wait","reasoning":"hm","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"city":"Ulm"}}}]},"#
        + #"{"role":"tool","name":"f","tool_call_id":"c1","content":"sunny"},{"role":"user","content":"so?"}],"#
        + #""temperature":0,"max_tokens":4,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#
    )
    #expect(reply.json["usage"]?["input_tokens"] == chat.json["usage"]?["prompt_tokens"])
    #expect(
      reply.json["output"]?.elements?.first?["content"]?.elements?.first?["text"]
        == chat.json["choices"]?.elements?.first?["message"]?["content"], "\(reply.text)")
  }

  @Test func `A schema is kept, and tools of OpenAI's servers are left out by name`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let schema =
      #"{"type":"object","properties":{"n":{"enum":[7]}},"required":["n"],"additionalProperties":false}"#
    let format =
      #""text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":\#(schema)}}"#
    let reply = try await server.post(
      path,
      #"{"input":"hello",\#(format),"tools":[{"type":"web_search","external_web_access":false}]}"#)
    let text = reply.json["output"]?.elements?.first?["content"]?.elements?.first?["text"]
    guard case .string(let json)? = text else {
      Issue.record("\(reply.text)")
      return
    }
    #expect(try JSONParser.parse(json) == ["n": 7])
    let ignored = try #require(HTTPField.Name("X-Apus-Ignored-Fields"))
    #expect(reply.headers[ignored] == "tools[].type, tools[].external_web_access")
  }

  // MARK: Refusals

  @Test(arguments: [
    (#""input":null"#, "input"), (#""input":1"#, "input"), (#""input":[]"#, "input"),
    (#""input":[1]"#, "input[0]"),
    (#""input":[{}]"#, "input[0].role"), (#""input":[{"type":"x"}]"#, "input[0].type"),
    (#""input":[{"role":"user"}]"#, "input[0].content"),
    (#""input":[{"role":"user","content":1}]"#, "input[0].content"),
    (
      #""input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]"#,
      "input[0].content[0].type"
    ),
    (#""input":[{"type":"function_call","call_id":"a","arguments":"{}"}]"#, "input[0].name"),
    (#""input":[{"type":"function_call_output","call_id":"a"}]"#, "input[0].output"),
    (#""input":[{"type":"item_reference","id":"a"}]"#, "input[0].type"),
    (#""input":"a","previous_response_id":"resp_1""#, "previous_response_id"),
    (#""input":"a","conversation":"c""#, "conversation"),
    (#""input":"a","background":true"#, "background"),
    (#""input":"a","max_output_tokens":0"#, "max_output_tokens"),
    (#""input":"a","store":1"#, "store"),
    (#""input":"a","include":["message.output_text.logprobs"]"#, "include"), (#""input":"a","include":[1]"#, "include"),
    (#""input":"a","metadata":{"a":{"b":1}}"#, "metadata"), (#""input":"a","truncation":"frob""#, "truncation"),
    (#""input":"a","service_tier":5"#, "service_tier"),
    (#""input":"a","text":{"format":{"type":"yaml"}}"#, "text.format.type"),
    (#""input":"a","text":{"format":{"type":"json_schema"}}"#, "text.format.schema"),
    (#""input":"a","tools":[{"type":"file_search"}]"#, "tools[0].type"),
    (#""input":"a","tools":[1]"#, "tools[0]"),
    (#""input":"a","tools":[{"type":"function"}]"#, "tools[0].name"),
    (#""input":"a","tool_choice":"required""#, "tool_choice"),
    (#""input":"a","tool_choice":7"#, "tool_choice"),
    (#""input":"a","tool_choice":{"type":"function","name":"g"}"#, "tool_choice.name"),
    (#""input":"a","tool_choice":{"type":"web_search"}"#, "tool_choice.type"),
    (#""input":"a","temperature":9"#, "temperature"),
  ])
  func `What is wrong is refused by its name`(_ fields: String, _ field: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, "{\(fields)}")
    #expect(
      reply.status == 400 && reply.isAPIError && reply.json["error"]?["param"] == .string(field),
      "\(reply.text)")
    #expect(try await server.post(path, #"{"input":"a","max_output_tokens":1}"#).status == 200)
  }

  @Test func `Bodies that are no JSON object, and prompts that do not fit, are refused`()
    async throws
  {
    let server = try TestServer(await TestModel.quick())
    for body in MalformedRequests.bodies {
      let reply = try await server.send(.post, path, body: body)
      #expect((400...431).contains(reply.status) && reply.isAPIError)
    }
    let long = try await server.post(
      path, #"{"stream":true,"input":"\#(String(repeating: "a", count: 400))"}"#)
    #expect(
      long.status == 400 && long.json["error"]?["code"] == "context_length_exceeded", "\(long.text)"
    )
  }
}
