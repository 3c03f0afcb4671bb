internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// What Ollama's paths refuse, in Ollama's words.
struct OllamaErrorTests {
  private static let paths = [
    ("/api/generate", #""prompt":"a""#), ("/api/chat", #""messages":[{"role":"user","content":"a"}]"#),
  ]

  private func expectError(_ reply: Reply, _ status: Int = 400, _ body: some StringProtocol) {
    #expect(reply.status == status, "\(body.prefix(100))")
    guard case .string(let text)? = reply.json["error"], case .object(let object) = reply.json else {
      Issue.record("no error: \(body.prefix(100)): \(reply.text.prefix(200))")
      return
    }
    #expect(object.count == 1 && !text.isEmpty && text.utf8.count <= 600)
  }

  @Test func `Bodies that are no JSON object are refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    let all =
      Self.paths.map(\.0) + ["/api/embed", "/api/embeddings", "/api/show", "/api/copy", "/api/create", "/api/pull"]
    for body in MalformedRequests.bodies {
      for path in all {
        let reply = try await server.send(.post, path, body: body)
        #expect((400...431).contains(reply.status))
        #expect(reply.json["error"]?.string?.isEmpty == false)
      }
    }
    #expect(try await server.post("/api/chat", "").json["error"] == "missing request body")
  }

  @Test func `Options of a wrong type are refused in Ollama's words`() async throws {
    let server = try TestServer(await TestModel.quick())
    for (path, prompt) in Self.paths {
      for (name, value, kind) in [
        ("num_predict", "\"5\"", "integer"), ("seed", "1.5", "integer"), ("top_k", "true", "integer"),
        ("num_ctx", "\"4096\"", "integer"), ("temperature", "\"hot\"", "float32"), ("top_p", "[]", "float32"),
        ("use_mmap", "1", "boolean"), ("stop", "\"x\"", "array"), ("tfs_z", "\"1\"", "float32"),
      ] {
        let reply = try await server.post(path, "{\(prompt),\"options\":{\"\(name)\":\(value)}}")
        expectError(reply, 400, name)
        #expect(reply.json["error"] == .string("option \"\(name)\" must be of type \(kind)"))
      }
    }
  }

  @Test(arguments: [(#""system":"s""#, "system"), (#""context":[1]"#, "context")])
  func `What a gap has no place for is refused beside it`(_ field: String, _ name: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/api/generate", #"{"prompt":"a","suffix":"x",\#(field)}"#)
    expectError(reply, 400, field)
    #expect(reply.json["error"]?.string?.contains(name + " beside suffix") == true, "\(reply.text)")
  }

  @Test(arguments: [
    (#""options":1"#, "options"), (#""options":{"temperature":-1}"#, "options.temperature"),
    (#""options":{"num_predict":-3}"#, "options.num_predict"), (#""options":{"stop":[1]}"#, "options.stop"),
    (#""options":{"top_p":2}"#, "options.top_p"), (#""options":{"seed":1e30}"#, "options.seed"),
    (#""options":{"tfs_z":0.5}"#, "options.tfs_z"),
    (#""options":{"penalize_newline":false}"#, "options.penalize_newline"),
    (#""stream":1"#, "stream"), (#""model":1"#, "model"), (#""keep_alive":"x""#, "keep_alive"),
    (#""keep_alive":"5""#, "keep_alive"), (#""keep_alive":true"#, "keep_alive"),
    (#""keep_alive":"1.1.1s""#, "keep_alive"),
    (#""format":"yaml""#, "format"), (#""format":1"#, "format"), (#""think":"much""#, "think"),
    (#""think":1"#, "think"),
    (#""think":true"#, "thinking"), (#""images":["aGk="]"#, "images"), (#""suffix":"x""#, "suffix"),
    (#""template":"{{ .Prompt }}""#, "template"), (#""logprobs":1"#, "logprobs"),
    (#""top_logprobs":21"#, "top_logprobs"),
    (#""width":10"#, "width"),
  ])
  func `Fields of a wrong type or value are refused by name`(_ field: String, _ name: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for (path, prompt) in Self.paths {
      let reply = try await server.post(path, "{\(prompt),\(field)}")
      expectError(reply, 400, field)
      #expect(reply.json["error"]?.string?.contains(name) == true, "\(reply.text)")
    }
  }

  @Test(arguments: [
    #""prompt":1"#, #""prompt":["a"]"#, #""prompt":"a","context":"x""#, #""prompt":"a","context":[-1]"#,
    #""prompt":"a","context":[1e9]"#, #""prompt":"a","raw":1"#, #""prompt":"a","system":1"#,
  ])
  func `Wrong prompts are refused`(_ fields: String) async throws {
    let server = try TestServer(await TestModel.quick())
    expectError(try await server.post("/api/generate", "{\(fields)}"), 400, fields)
  }

  @Test(arguments: [
    "1", "{}", #""a""#, "[1]", #"[{"content":"a"}]"#, #"[{"role":"king","content":"a"}]"#,
    #"[{"role":"user","content":1}]"#, #"[{"role":"user","content":[]}]"#,
    #"[{"role":"user","content":"a","images":["x"]}]"#, #"[{"role":"assistant","tool_calls":[{}]}]"#,
    #"[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":1}}]}]"#,
    #"[{"role":"assistant","thinking":1}]"#,
  ])
  func `Wrong messages are refused`(_ messages: String) async throws {
    let server = try TestServer(await TestModel.quick())
    expectError(try await server.post("/api/chat", "{\"messages\":\(messages)}"), 400, messages)
  }

  @Test func `What does not fit into the context is refused before a line is sent`() async throws {
    let server = try TestServer(await TestModel.quick())
    let text = String(repeating: "long ", count: 500)
    for body in [#"{"prompt":"\#(text)"}"#, #"{"messages":[{"role":"user","content":"\#(text)"}]}"#] {
      let reply = try await server.post(body.contains("messages") ? "/api/chat" : "/api/generate", body)
      expectError(reply, 400, body)
      #expect(reply.json["error"]?.string?.hasPrefix("This model's maximum context length is 256 tokens.") == true)
    }
  }

  @Test func `A busy server says so in the words that clients know`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.queueLimit = 0 }
    let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#
    let running = Task { try await server.post("/v1/completions", endless) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    for (path, prompt) in Self.paths {
      let reply = try await server.post(path, "{\(prompt)}")
      expectError(reply, 503, path)
      #expect(reply.json["error"] == "server busy, please try again.  maximum pending requests exceeded")
      #expect(reply.headers[.retryAfter] != nil)
    }
    running.cancel()
    _ = try await running.value
  }

  @Test func `A path that is not there, and a method, are refused as errors of Ollama`() async throws {
    let server = try TestServer(await TestModel.quick())
    expectError(try await server.send(.get, "/api/nothing"), 404, "path")
    let get = try await server.send(.get, "/api/chat")
    expectError(get, 405, "method")
    #expect(get.headers[.allow] == "POST")
    #expect(try await server.send(.get, "/api/version").json["version"]?.string?.isEmpty == false)
  }
}
