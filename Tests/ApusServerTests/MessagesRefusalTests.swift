internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// What `/v1/messages` refuses, and in which words.
struct MessagesRefusalTests {
  private let path = "/v1/messages"
  private let hello = #""messages":[{"role":"user","content":"hi"}]"#

  private func isError(_ reply: Reply, _ type: JSONValue) -> Bool {
    guard reply.json["type"] == "error", reply.json["error"]?["type"] == type,
      case .string(let message)? = reply.json["error"]?["message"], case .string(let id)? = reply.json["request_id"],
      let header = HTTPField.Name("request-id")
    else { return false }
    return !message.isEmpty && message.utf8.count <= 700 && reply.headers[header] == id
  }

  @Test func `An unknown model is told in the words of who asks`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.hasStrictModels = true }
    let version = try #require(HTTPField.Name("anthropic-version"))
    let reply = try await server.send(.get, "/v1/models/nope", headers: [version: "2023-06-01"])
    #expect(reply.status == 404 && isError(reply, "not_found_error"), "\(reply.text)")
    let other = try await server.send(.get, "/v1/models/nope")
    #expect(other.status == 404 && other.isAPIError, "\(other.text)")
    let list = try await server.send(.get, "/v1/models", headers: [version: "2023-06-01"])
    #expect(list.status == 200 && list.json["data"]?.elements?.first?["type"] == "model")
  }

  @Test(arguments: [
    (#""max_tokens":null"#, "max_tokens"), (#""max_tokens":0"#, "max_tokens"), (#""max_tokens":"9""#, "max_tokens"),
    (#""max_tokens":1.5"#, "max_tokens"), (#""max_tokens":9,"temperature":9"#, "temperature"),
    (#""max_tokens":9,"top_k":"a""#, "top_k"), (#""max_tokens":9,"stream":1"#, "stream"),
    (#""max_tokens":9,"stop_sequences":[""]"#, "stop_sequences"),
    (#""max_tokens":9,"stop_sequences":{}"#, "stop_sequences"),
    (#""max_tokens":9,"stop_sequences":"x""#, "stop_sequences"), (#""max_tokens":9,"metadata":3"#, "metadata"),
    (#""max_tokens":9,"service_tier":5"#, "service_tier"),
    (#""max_tokens":9,"system":1"#, "system"), (#""max_tokens":9,"system":[{"type":"image"}]"#, "system.0.type"),
    (#""max_tokens":9,"thinking":{"type":"x"}"#, "thinking.type"), (#""max_tokens":9,"thinking":true"#, "thinking"),
    (#""max_tokens":9,"thinking":{"type":"enabled","budget_tokens":"a"}"#, "thinking.budget_tokens"),
    (#""max_tokens":9,"tools":[{"name":"f"}]"#, "tools.0.input_schema"), (#""max_tokens":9,"tools":{}"#, "tools"),
    (#""max_tokens":9,"tools":[{"type":"web_search_20250305","name":"f"}]"#, "tools.0.type"),
    (#""max_tokens":9,"tools":[{"name":"f","input_schema":{}},{"name":"f","input_schema":{}}]"#, "tools"),
    (#""max_tokens":9,"tool_choice":{"type":"any"}"#, "tool_choice"),
    (#""max_tokens":9,"tool_choice":"any""#, "tool_choice"),
    (
      #""max_tokens":9,"tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"tool","name":"g"}"#,
      "tool_choice.name"
    ),
    (#""max_tokens":9,"output_config":{"format":{"type":"json"}}"#, "output_config.format.type"),
    (#""max_tokens":9,"output_config":{"format":{"type":"json_schema"}}"#, "output_config.format.schema"),
    (#""max_tokens":9,"output_config":{"effort":"extreme"}"#, "output_config.effort"),
    (#""max_tokens":9,"mcp_servers":[{"name":"x"}]"#, "mcp_servers"), (#""max_tokens":9,"container":"c""#, "container"),
  ])
  func `A wrong field is named by its path`(_ fields: String, _ field: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for path in [path, path + "/count_tokens"] {
      if path != self.path, [#""max_tokens":null"#, #""max_tokens":9,"stream":1"#].contains(fields) { continue }
      let reply = try await server.post(path, "{\(hello),\(fields)}")
      #expect(reply.status == 400 && isError(reply, "invalid_request_error"), "\(reply.text)")
      guard case .string(let message)? = reply.json["error"]?["message"] else { continue }
      #expect(message.hasPrefix(field + ": "), "\(message)")
    }
  }

  @Test(arguments: [
    "null", "1", "{}", #""a""#, "[]", "[1]", "[null]", "[[]]", "[{}]", #"[{"role":"user"}]"#,
    #"[{"role":"king","content":"a"}]"#, #"[{"role":"user","content":1}]"#, #"[{"role":"user","content":[]}]"#,
    #"[{"role":"user","content":[1]}]"#, #"[{"role":"user","content":[{}]}]"#,
    #"[{"role":"user","content":[{"type":"text"}]}]"#, #"[{"role":"user","content":[{"type":"text","text":1}]}]"#,
    #"[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"file:///etc/passwd"}}]}]"#,
    #"[{"role":"user","content":[{"type":"document","source":{}}]}]"#,
    #"[{"role":"user","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}]"#,
    #"[{"role":"user","content":[{"type":"tool_result","content":"a"}]}]"#,
    #"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image"}]}]}]"#,
    #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f"}]},{"role":"user","content":"a"}]"#,
    #"[{"role":"assistant","content":[{"type":"tool_use","id":1,"name":"f","input":{}}]},{"role":"user","content":"a"}]"#,
    #"[{"role":"assistant","content":[{"type":"server_tool_use"}]},{"role":"user","content":"a"}]"#,
    #"[{"role":"user","content":"a"},{"role":"assistant","content":""}]"#,
    #"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}]"#,
  ])
  func `Wrong messages are refused by their path`(_ messages: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, #"{"max_tokens":2,"messages":\#(messages)}"#)
    #expect(reply.status == 400 && isError(reply, "invalid_request_error"), "\(reply.text)")
    guard case .string(let message)? = reply.json["error"]?["message"] else { return }
    #expect(message.hasPrefix("messages") && !message.contains("["), "\(message)")
    #expect(try await server.post(path, #"{"max_tokens":1,\#(hello)}"#).status == 200)
  }

  @Test func `Bodies that are no JSON object are refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    for body in MalformedRequests.bodies {
      let reply = try await server.send(.post, path, body: body)
      #expect((400...431).contains(reply.status) && isError(reply, "invalid_request_error"))
    }
  }

  @Test func `A prompt that is too long is told with its numbers, before any byte of a stream`() async throws {
    let server = try TestServer(await TestModel.quick())
    let long =
      #"{"max_tokens":2,"stream":true,"messages":[{"role":"user","content":"\#(String(repeating: "a", count: 400))"}]}"#
    let reply = try await server.post(path, long)
    #expect(reply.status == 400 && isError(reply, "invalid_request_error"))
    guard case .string(let message)? = reply.json["error"]?["message"] else { return }
    #expect(message.hasPrefix("prompt is too long: 4") && message.hasSuffix(" tokens > 256 maximum"), "\(message)")
    let count = try await server.post(path + "/count_tokens", long)
    guard case .int(let tokens)? = count.json["input_tokens"] else {
      Issue.record("no count")
      return
    }
    #expect(message.contains(" \(tokens) tokens"))
  }

  @Test func `Keys, models and paths are refused in Anthropic's words`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "mine") {
      $0.apiKeys = ["secret"]
      $0.hasStrictModels = true
    }
    let key = try #require(HTTPField.Name("x-api-key"))
    #expect(isError(try await server.post(path, "{}"), "authentication_error"))
    let other = try await server.post(path, #"{"model":"other","max_tokens":1,\#(hello)}"#, headers: [key: "secret"])
    #expect(other.status == 404 && isError(other, "not_found_error"))
    let unknown = try await server.send(.post, path + "/batches", headers: [key: "secret"])
    #expect(unknown.status == 404 && isError(unknown, "not_found_error"))
    let get = try await server.send(.get, path, headers: [key: "secret"])
    #expect(get.status == 405 && isError(get, "invalid_request_error"))
  }

  @Test func `Many pieces of one message cost time with their length only`() async throws {
    let server = try TestServer(await TestModel.quick())
    let blocks = Array(repeating: #"{"type":"text","text":"abcdefgh"}"#, count: 20_000).joined(separator: ",")
    let body = #"{"max_tokens":1,"messages":[{"role":"user","content":[\#(blocks)]}]}"#
    let reply = try await server.post(path, body)
    #expect(reply.status == 400 && reply.text.contains("prompt is too long"), "\(reply.text.prefix(200))")
  }

  @Test func `What is not known is ignored by name, and what is known to change nothing is taken`() async throws {
    let server = try TestServer(await TestModel.quick())
    let known = #""metadata":{"user_id":"u"},"service_tier":"auto","cache_control":{"type":"ephemeral"},"speed":"fast""#
    let body = #"{"model":"m","max_tokens":2,"top_a":1,"context_management":{"edits":[]},\#(known),\#(hello)}"#
    let reply = try await server.post(path, body)
    let header = try #require(HTTPField.Name("X-Apus-Ignored-Fields"))
    #expect(reply.status == 200 && reply.headers[header] == "top_a, context_management", "\(reply.text)")
  }
}
