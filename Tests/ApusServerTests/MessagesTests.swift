internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// `/v1/messages` and its count of tokens.
struct MessagesTests {
  private let path = "/v1/messages"
  private let hello = #""max_tokens":12,"messages":[{"role":"user","content":"hello"}]"#
  private let tools = #","tools":[{"name":"f","input_schema":{"type":"object"}}]"#
  /// An answer that is a call, as a model would write it.
  private let call = #","guided_choice":["<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"]"#

  private func messages(_ values: String) -> String { #"{"max_tokens":4,"temperature":0,"messages":[\#(values)]}"# }

  @Test func `An answer is a message, and a stream tells the same text`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = hello + #","seed":2,"ignore_eos":true,"model":"claude-x""#
    let whole = try await server.post(path, "{\(fields)}")
    #expect(whole.status == 200, "\(whole.text)")
    for (key, value): (String, JSONValue) in [
      ("type", "message"), ("role", "assistant"), ("model", "claude-x"), ("stop_reason", "max_tokens"),
      ("stop_sequence", .null),
    ] { #expect(whole.json[key] == value) }
    let usage = try #require(whole.json["usage"])
    #expect(usage["output_tokens"] == 12 && usage["cache_read_input_tokens"] == 0)
    let count = try await server.post(path + "/count_tokens", #"{"messages":[{"role":"user","content":"hello"}]}"#)
    #expect(count.json == ["input_tokens": usage["input_tokens"] ?? .null])

    let stream = try await server.post(path, #"{\#(fields),"stream":true}"#)
    let events = stream.events
    #expect(events.first?["type"] == "message_start" && events.last == ["type": "message_stop"])
    let names = stream.text.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { $0.dropFirst(7) }
    #expect(names.map { JSONValue.string(String($0)) } == events.compactMap { $0["type"] })
    #expect(events[1]["content_block"] == ["type": "text", "text": ""] && events[1]["index"] == 0)
    #expect(text(events) == whole.json["content"]?.elements?.first?["text"])
    #expect(events[events.count - 3] == ["type": "content_block_stop", "index": 0])
    #expect(events[events.count - 2]["delta"] == ["stop_reason": "max_tokens", "stop_sequence": .null])
    #expect(events[events.count - 2]["usage"]?["output_tokens"] == 12)
  }

  private func text(_ events: [JSONValue], _ key: String = "text") -> JSONValue {
    .string(
      events.reduce(into: "") { text, event in
        if case .string(let piece)? = event["delta"]?[key] { text += piece }
      })
  }

  @Test func `One seed gives the same text as a chat completion`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""messages":[{"role":"user","content":"hello"}],"max_tokens":16,"seed":9"#
    let chat = try await server.post("/v1/chat/completions", "{\(fields)}")
    let message = try await server.post(path, "{\(fields)}")
    #expect(
      message.json["content"]?.elements?.first?["text"]
        == chat.json["choices"]?.elements?.first?["message"]?["content"])
  }

  @Test func `A call is a block of its own, whole and streamed`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let fields = #""max_tokens":200,"messages":[{"role":"user","content":"hello"}]"# + tools + call
    let whole = try await server.post(path, "{\(fields)}")
    let block = try #require(whole.json["content"]?.elements?.first, "\(whole.text)")
    #expect(block["type"] == "tool_use" && block["name"] == "f" && block["input"] == ["x": 1])
    #expect(whole.json["stop_reason"] == "tool_use")
    let stream = try await server.post(path, #"{\#(fields),"stream":true}"#)
    let events = stream.events
    let start = events.first { $0["type"] == "content_block_start" }?["content_block"]
    #expect(start?["type"] == "tool_use" && start?["name"] == "f" && start?["input"] == [:])
    if case .string(let id)? = start?["id"] { #expect(id.hasPrefix("toolu_")) } else { Issue.record("no id") }
    #expect(text(events, "partial_json") == #"{"x": 1}"#)
    #expect(events[events.count - 2]["delta"]?["stop_reason"] == "tool_use")
  }

  @Test func `What the model thinks is a block of its own, which may be left empty`() async throws {
    let server = try TestServer(await TestModel.thinking())
    let fields = hello.replacing("12", with: "64") + #","guided_choice":["<think>why</think>so"]"#
    let whole = try await server.post(path, "{\(fields)}")
    let thinking: JSONValue = ["type": "thinking", "thinking": "why", "signature": ""]
    #expect(whole.json["content"] == [thinking, ["type": "text", "text": "so"]], "\(whole.text)")
    let stream = try await server.post(path, #"{\#(fields),"stream":true}"#)
    #expect(text(stream.events, "thinking") == "why" && text(stream.events) == "so")
    #expect(stream.events.contains { $0["delta"]?["type"] == "signature_delta" })
    #expect(stream.events.compactMap { $0["type"] == "content_block_stop" ? $0["index"] : nil } == [0, 1])
    let silent = try await server.post(path, #"{\#(fields),"thinking":{"type":"adaptive","display":"omitted"}}"#)
    #expect(silent.json["content"]?.elements?.first?["thinking"] == "", "\(silent.text)")
  }

  @Test func `A stop sequence is named`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = hello + #","seed":2,"ignore_eos":true"#
    let whole = try await server.post(path, "{\(fields)}")
    guard case .string(let text)? = whole.json["content"]?.elements?.first?["text"] else {
      Issue.record("no text")
      return
    }
    let stop = JSONValue.string(String(text.dropFirst(2).prefix(2)))
    let list = String(decoding: JSONValue.array([stop]).serialized(.compact), as: UTF8.self)
    let cut = try await server.post(path, #"{\#(fields),"stop_sequences":\#(list)}"#)
    #expect(cut.json["stop_reason"] == "stop_sequence" && cut.json["stop_sequence"] == stop, "\(cut.text)")
  }

  @Test func `An answer that meets the end of the context says so`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      path, #"{"max_tokens":5000,"ignore_eos":true,"messages":[{"role":"user","content":"a"}]}"#)
    #expect(reply.json["stop_reason"] == "model_context_window_exceeded")
  }

  @Test func `Tokens of an earlier prompt are counted apart`() async throws {
    let server = try TestServer(await TestModel.quick())
    let long = #"{"max_tokens":1,"messages":[{"role":"user","content":"\#(String(repeating: "ab ", count: 30))"}]"#
    let first = try await server.post(path, long + "}")
    let second = try await server.post(path, long + #","stream":true}"#)
    guard case .int(let all)? = first.json["usage"]?["input_tokens"],
      case .int(let read)? = second.events.first?["message"]?["usage"]?["cache_read_input_tokens"],
      case .int(let new)? = second.events.first?["message"]?["usage"]?["input_tokens"]
    else {
      Issue.record("no usage")
      return
    }
    #expect(read > 0 && read + new == all)
  }

  // MARK: Conversations

  @Test func `An answer goes on with what the assistant has begun`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""max_tokens":24,"temperature":0,"ignore_eos":true,"messages":[{"role":"user","content":"a"}"#
    let begun = try await server.post(path, #"{\#(fields),{"role":"assistant","content":"The"}]}"#)
    #expect(begun.status == 200, "\(begun.text)")
    let count = try await server.post(path + "/count_tokens", #"{\#(fields),{"role":"assistant","content":"The"}]}"#)
    let tokens = try await server.post(
      "/v1/completions", #"{"prompt":"user: a\nassistant: The","max_tokens":24,"temperature":0,"ignore_eos":true}"#)
    #expect(count.json["input_tokens"] == begun.json["usage"]?["input_tokens"])
    #expect(
      begun.json["content"]?.elements?.first?["text"] == tokens.json["choices"]?.elements?.first?["text"],
      "\(begun.text) \(tokens.text)")
  }

  @Test func `Thinking is switched by the template`() async throws {
    let server = try TestServer(await TestModel.switched())
    func count(_ fields: String) async throws -> JSONValue? {
      let reply = try await server.post(
        path + "/count_tokens", #"{"messages":[{"role":"user","content":"a"}]\#(fields)}"#)
      #expect(reply.status == 200, "\(reply.text)")
      return reply.json["input_tokens"]
    }
    let (none, off) = (try await count(""), try await count(#","thinking":{"type":"disabled"}"#))
    let on = try await count(#","thinking":{"type":"enabled","budget_tokens":2048}"#)
    let high = try await count(#","thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#)
    let counts = [none, off, on, high].map { "\($0 ?? .null)" }
    #expect(Set(counts).count == 4, "\(counts)")
    let chat = try await server.post(
      "/v1/responses", #"{"input":"a","max_output_tokens":1,"reasoning":{"effort":"high"}}"#)
    #expect(chat.json["usage"]?["input_tokens"] == high)
  }

  @Test func `The same conversation in other words is the same prompt`() async throws {
    let server = try TestServer(await TestModel.quick())
    let plain = try await server.post(path, messages(#"{"role":"user","content":"a\nb"}"#))
    for other in [
      #"{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}"#,
      #"{"role":"user","content":"a"},{"role":"user","content":"b"}"#,
    ] {
      let reply = try await server.post(path, messages(other))
      #expect(reply.json["content"] == plain.json["content"] && reply.status == 200, "\(reply.text)")
    }
  }

  @Test func `The billing header of the system prompt is left out, and nothing else of it`() async throws {
    let server = try TestServer(await TestModel.quick())
    func count(_ system: String) async throws -> JSONValue? {
      try await server.post(
        path + "/count_tokens", #"{"messages":[{"role":"user","content":"a"}],"system":\#(system)}"#
      ).json["input_tokens"]
    }
    let expected = try await count(#""Be kind.\nThink.""#)
    #expect(expected != nil)
    let line = "x-anthropic-billing-header: cc_version=2.1.3; cch=04a1b;"
    for system in [
      #""\#(line)\nBe kind.\nThink.""#,
      #"[{"type":"text","text":"\#(line)"},{"type":"text","text":"Be kind.\nThink."}]"#,
      #"[{"type":"text","text":"Be kind."},{"type":"text","text":"Think.","cache_control":{"type":"ephemeral"}}]"#,
    ] { #expect(try await count(system) == expected, "\(system)") }
    #expect(try await count(#""Be kind.\nx-anthropic-billing-header: a""#) != expected)
    let none = try await count("null")
    #expect(try await count(#""\#(line)""#) == none && none != expected)
  }

  @Test func `Calls and their results go back to the model, with the tool's name`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let said =
      #"{"role":"user","content":"weather?"},{"role":"assistant","content":["#
      + #"{"type":"thinking","thinking":"hm","signature":"x"},{"type":"redacted_thinking","data":"y"},"#
      + #"{"type":"text","text":"wait"},{"type":"tool_use","id":"c1","name":"f","input":{"city":"Ulm"}}]},"#
    let results = [
      #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"sunny"},{"type":"text","text":"so?"}]}"#,
      #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":false,"content":[{"type":"text","text":"sunny"}]}]},{"role":"user","content":"so?"}"#,
    ]
    let same =
      #"{"model":"m","max_tokens":4,"temperature":0,"messages":[{"role":"user","content":"weather?"},"#
      + #"{"role":"assistant","content":"wait","reasoning":"hm","tool_calls":[{"id":"c1","function":{"name":"f","#
      + #""arguments":{"city":"Ulm"}}}]},{"role":"tool","name":"f","tool_call_id":"c1","content":"sunny"},"#
      + #"{"role":"user","content":"so?"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#
    let chat = try await server.post("/v1/chat/completions", same)
    #expect(chat.status == 200, "\(chat.text)")
    for result in results {
      let reply = try await server.post(path, messages(said + result).dropLast() + tools + "}")
      #expect(reply.status == 200, "\(reply.text)")
      #expect(reply.json["usage"]?["cache_read_input_tokens"] != 0)
      #expect(
        reply.json["content"]?.elements?.first?["text"]
          == chat.json["choices"]?.elements?.first?["message"]?["content"])
    }
  }
}
