internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// Who may load and unload models, and who only looks.
@Suite(.timeLimit(.minutes(2)))
struct UnloadedModelTests {
  private static let looks = ["/props", "/slots", "/info", "/tokenizer_info"]
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func pool(_ names: [String], idleTime: Duration? = nil) throws -> ModelPool {
    let runtime = Runtime(memory: MemoryAccount())
    let sources = try names.map { name in
      try TinyModel().write(to: folder.path("\(name).gguf"))
      let options = LoadOptions(
        threads: 1, contextLength: 200, parallel: 2, kvMemory: 1 << 20, queueLimit: 64, runtime: runtime)
      return ModelPool.Source(name: name, path: folder.path("\(name).gguf"), options: options)
    }
    return ModelPool(sources, idleTime: idleTime)
  }

  /// Waits until nothing is loaded.
  private func unloaded(_ pool: ModelPool) async throws {
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
  }

  @Test func `Who looks at a server loads no model, and sees the same as if it were loaded`() async throws {
    let pool = try pool(["a", "b"])
    let server = try TestServer(pool)
    func seen() async throws -> [JSONValue] {
      var seen: [JSONValue] = []
      for path in Self.looks {
        let reply = try await server.send(.get, path)
        #expect(reply.status == 200, "\(path): \(reply.text)")
        seen.append(reply.json)
      }
      return seen
    }
    let before = try await seen()
    #expect(try await server.send(.get, "/props?model=b").status == 200)
    #expect(pool.loadedNames.isEmpty)
    #expect(before[0]["is_sleeping"] == true && before[0]["total_slots"] == 2 && before[0]["bos_token"] == "<s>")
    #expect(before[0]["default_generation_settings"]?["n_ctx"] == 200)
    #expect(before[1].list.count == 2 && before[1].list.first?["is_processing"] == false)
    #expect(before[2]["max_total_tokens"] == 200 && before[3]["eos_token"] == "</s>")
    _ = try await pool.model("a")
    let loaded = try await seen()
    #expect(loaded[0]["is_sleeping"] == false && loaded[1...] == before[1...])
    for name in ["default_generation_settings", "total_slots", "model_path", "chat_template", "bos_token", "eos_token"]
    {
      #expect(loaded[0][name] == before[0][name], "\(name)")
    }
    #expect(try await server.post("/api/generate", #"{"model":"a","keep_alive":0}"#).status == 200)
    try await unloaded(pool)
    #expect(try await seen() == before)
    #expect(pool.loadedNames.isEmpty)
    for path in Self.looks { #expect(try await server.send(.get, path + "?model=c").status == 404, "\(path)") }
  }

  @Test func `A model whose file cannot be read is an error that does not name the file`() async throws {
    let path = folder.path("none.gguf")
    let server = try TestServer(ModelPool([ModelPool.Source(name: "none", path: path)]))
    for look in Self.looks {
      let reply = try await server.send(.get, look)
      // A path is the operator's business. TGI calls it an error of generation.
      #expect(reply.status == (look == "/info" ? 424 : 503) && !reply.text.contains(path), "\(look): \(reply.text)")
    }
  }

  @Test func `With keys an operator alone unloads a model, and others at most let it stay longer`() async throws {
    let pool = try pool(["a"], idleTime: .seconds(300))
    let server = try TestServer(pool) {
      $0.keyFile = MemoryFile("bob \(KeyDigest(of: "b").text)\nroot \(KeyDigest(of: "r").text) admin")
    }
    func post(_ path: String, _ fields: String, _ key: String) async throws -> Reply {
      try await server.post(path, #"{"model":"a",\#(fields)}"#, headers: [.authorization: "Bearer \(key)"])
    }
    _ = try await pool.model("a")
    for (path, fields) in [("/api/generate", #""keep_alive":0"#), ("/api/chat", #""keep_alive":"0s","messages":[]"#)] {
      let reply = try await post(path, fields, "b")
      #expect(reply.status == 403 && reply.json["error"]?.string?.contains("admin key") == true, "\(reply.text)")
      #expect(pool.residents["a"]?.idleTime == .seconds(300))
    }
    for (path, fields) in [
      ("/api/generate", #""prompt":"x","stream":false,"options":{"num_predict":1}"#), ("/api/embed", #""input":"""#),
    ] {
      for (key, time, expected) in [
        ("b", "0", 300), ("b", "60", 300), ("b", #""10m""#, 600), ("b", "30", 600), ("b", "-1", nil), ("b", "60", nil),
        ("r", "300", 300),
      ] as [(String, String, Int?)] {
        #expect(try await post(path, fields + #","keep_alive":\#(time)"#, key).status == 200)
        let kept = try #require(pool.residents["a"])
        #expect(kept.idleTime == expected.map { .seconds($0) }, "\(path) \(key) \(time)")
      }
    }
    #expect(try await post("/api/generate", #""keep_alive":0"#, "r").json["done_reason"] == "unload")
    try await unloaded(pool)
  }
}
