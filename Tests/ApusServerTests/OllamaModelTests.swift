internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// What Ollama's API tells of models, and does with their names.
@Suite(.timeLimit(.minutes(2)))
struct OllamaModelTests {
  private func pool(_ names: [String], in folder: TemporaryFolder, idleTime: Duration? = nil) throws -> ModelPool {
    let runtime = Runtime(memory: MemoryAccount())
    return ModelPool(
      try names.enumerated().map { index, name in
        var tiny = TinyModel()
        tiny.seed = UInt64(index + 1)
        try tiny.write(to: folder.path("\(index).gguf"))
        let options = LoadOptions(
          threads: 1, contextLength: 256, parallel: 2, kvMemory: 1 << 20, queueLimit: 64, runtime: runtime)
        return ModelPool.Source(name: name, path: folder.path("\(index).gguf"), options: options)
      }, idleTime: idleTime)
  }

  private func names(_ reply: Reply) -> [String] {
    (reply.json["models"]?.list ?? []).compactMap { $0["name"]?.string }
  }

  @Test func `Models are listed with what their files say, loaded or not`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b:q8"], in: folder)
    let server = try TestServer(pool)
    let list = try await server.send(.get, "/api/tags")
    #expect(list.status == 200 && names(list) == ["a:latest", "b:q8"])
    let model = try #require(list.json["models"]?.list.first)
    #expect(model["model"] == "a:latest" && model["size"]?.whole ?? 0 > 0)
    #expect(model["digest"]?.string?.utf8.count == 64)
    #expect(model["details"]?["format"] == "gguf" && model["details"]?["family"] == "llama")
    #expect(model["capabilities"]?.list.first == "completion")
    #expect(list.json["models"]?.list.last?["digest"] != model["digest"])
    #expect(try await server.send(.head, "/api/tags").status == 200)
    #expect(pool.loadedNames.isEmpty)
    #expect(try await server.send(.get, "/api/ps").json == ["models": []])
    _ = try await pool.model("a")
    let loaded = try await server.send(.get, "/api/ps")
    #expect(names(loaded) == ["a:latest"])
    let running = try #require(loaded.json["models"]?.list.first)
    #expect(running["context_length"] == 256 && running["size_vram"] == 0)
    #expect(running["expires_at"]?.string?.hasPrefix("23") == true)
  }

  @Test func `A model is shown under each of its names, and an unknown one is not`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b"], in: folder)
    let server = try TestServer(pool)
    for body in [#"{"model":"a"}"#, #"{"name":"a:latest","verbose":true}"#] {
      let shown = try await server.post("/api/show", body)
      #expect(shown.status == 200)
      #expect(shown.json["model_info"]?["general.architecture"] == "llama")
      #expect(shown.json["model_info"]?["llama.context_length"]?.whole ?? 0 > 0)
      #expect(shown.json["details"]?["family"] == "llama")
      #expect(shown.json["template"]?.string?.isEmpty == false)
    }
    #expect(pool.loadedNames.isEmpty)
    let lease = try await pool.model("a")
    let shown = try await server.post("/api/show", #"{"model":"a"}"#)
    #expect(shown.json["model_info"]?["llama.context_length"] == 256)
    #expect(shown.json["parameters"]?.string?.contains("num_ctx 256") == true)
    withExtendedLifetime(lease) {}
    let unknown = try await server.post("/api/show", #"{"model":"c"}"#)
    #expect(unknown.status == 404 && unknown.json["error"] == "model 'c' not found")
    #expect(try await server.post("/api/show", "{}").status == 400)
  }

  @Test func `A copied name is answered to everywhere until it is deleted`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    func answers(_ name: String) async throws -> Int {
      let body = #"{"model":"\#(name)","prompt":"x","max_tokens":1,"stream":false,"options":{"num_predict":1}}"#
      let own = try await server.post("/api/generate", body).status
      #expect(try await server.post("/v1/completions", body).status == own)
      return own
    }
    #expect(try await answers("mine") == 404)
    #expect(try await server.post("/api/copy", #"{"source":"b","destination":"mine"}"#).status == 200)
    #expect(try await answers("mine") == 200)
    #expect(try await answers("mine:latest") == 200)
    #expect(try await answers("b:latest") == 200)
    #expect(names(try await server.send(.get, "/api/tags")) == ["a:latest", "b:latest", "mine:latest"])
    let models = try await server.send(.get, "/v1/models")
    #expect((models.json["data"]?.list ?? []).contains { $0["id"] == "mine" && $0["root"] == "b" })
    #expect(try await server.post("/api/create", #"{"model":"more:1","from":"mine"}"#).json["status"] == "success")
    #expect(try await answers("more:1") == 200)
    let delete = #"{"model":"mine"}"#
    #expect(try await server.send(.delete, "/api/delete", body: Array(delete.utf8)).status == 200)
    #expect(try await server.send(.delete, "/api/delete", body: Array(delete.utf8)).status == 404)
    #expect(try await answers("mine") == 404)
    #expect(try await answers("more:1") == 200)
  }

  @Test func `Names and files of the operator stay as they are`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    let delete = Array(#"{"model":"a"}"#.utf8)
    #expect(try await server.send(.delete, "/api/delete", body: delete).status == 400)
    for body in [
      #"{"source":"a","destination":"b"}"#, #"{"source":"a","destination":"b:latest"}"#, #"{"source":"a"}"#,
      #"{"source":"a","destination":"../x y"}"#, #"{"source":1,"destination":"x"}"#, #"{"destination":"x"}"#,
    ] {
      let reply = try await server.post("/api/copy", body)
      #expect(reply.status == 400 && reply.json["error"]?.string != nil, "\(body)")
    }
    #expect(try await server.post("/api/copy", #"{"source":"x","destination":"y"}"#).status == 404)
    for field in ["system", "template", "files", "parameters"] {
      let reply = try await server.post("/api/create", #"{"model":"x","from":"a","\#(field)":"s"}"#)
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains(field) == true)
    }
    // As many as there may be, and not one more.
    for number in 0..<256 {
      let reply = try await server.post("/api/copy", #"{"source":"a","destination":"n\#(number)"}"#)
      #expect(reply.status == 200)
    }
    #expect(try await server.post("/api/copy", #"{"source":"a","destination":"n256"}"#).status == 400)
    #expect(try await server.post("/api/copy", #"{"source":"b","destination":"n0"}"#).status == 200)
  }

  @Test func `There is no store, and what needs one says so`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a"], in: folder)) { $0.hasStrictModels = true }
    #expect(try await server.post("/api/pull", #"{"model":"a:latest"}"#).json["status"] == "success")
    // A server with one model answers to any name.
    let single = try TestServer(await TestModel.quick())
    #expect(try await single.post("/api/pull", #"{"model":"m"}"#).json["status"] == "success")
    let blob = "/api/blobs/sha256:" + String(repeating: "0", count: 64)
    #expect(try await server.send(.head, blob).status == 404)
    for reply in [
      try await server.post("/api/pull", #"{"model":"llama3.2"}"#),
      try await server.post("/api/push", #"{"model":"a"}"#),
      try await server.post(blob, "x"),
    ] {
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains("no model store") == true)
    }
  }

  @Test func `Keep alive says when a model goes`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b"], in: folder)
    let server = try TestServer(pool)
    func ask(_ keepAlive: String) async throws {
      let body = #"{"model":"a","prompt":"x","stream":false,"options":{"num_predict":1},"keep_alive":\#(keepAlive)}"#
      #expect(try await server.post("/api/generate", body).status == 200)
    }
    try await ask(#""10m""#)
    #expect(pool.residents["a"]?.idleTime == .seconds(600))
    try await ask("-1")
    #expect(pool.residents["a"]?.idleTime == nil)
    try await ask("1e300")
    #expect(pool.residents["a"]?.idleTime == nil)
    let expiry = try await server.send(.get, "/api/ps").json["models"]?.list.first?["expires_at"]?.string
    #expect(expiry?.hasPrefix("23") == true)
    try await ask("0")
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    // Asked to go, a model that is not there is not loaded for it.
    #expect(try await server.post("/api/generate", #"{"model":"b","keep_alive":0}"#).json["done_reason"] == "unload")
    #expect(pool.loadedNames.isEmpty)
    #expect(try await server.post("/api/generate", #"{"model":"b"}"#).status == 200)
    #expect(pool.loadedNames == ["b"])
    #expect(try await server.post("/api/chat", #"{"model":"b","keep_alive":"0s"}"#).status == 200)
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
  }
}
