internal import Apus
internal import ApusCPU
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

/// A server that has more than one model.
@Suite(.timeLimit(.minutes(2)))
struct SeveralModelsTests {
  private func body(_ model: String?, _ more: String = "") -> String {
    let name = model.map { #""model":"\#($0)","# } ?? ""
    return "{\(name)\"prompt\":\"Once\",\"max_tokens\":12,\"temperature\":0,\"ignore_eos\":true\(more)}"
  }

  private func items(_ array: JSONValue?) -> [JSONValue] {
    if case .array(let items)? = array { items } else { [] }
  }

  private func text(_ reply: Reply) -> JSONValue? { items(reply.json["choices"]).first?["text"] }

  @Test func `A request's model answers it, the first where it names none, and the log says which`() async throws {
    let (files, log) = (try ModelFiles(["a", "b"]), LineHold())
    let pool = ModelPool(["a", "b"].map(files.source))
    let server = try TestServer(pool, logger: log.logger)
    let (a, b) = (
      try await server.post("/v1/completions", body("a")), try await server.post("/v1/completions", body("b"))
    )
    #expect(a.status == 200 && b.status == 200)
    #expect(a.json["model"] == "a" && b.json["model"] == "b")
    #expect(text(a) != text(b))
    #expect(a.json["system_fingerprint"] != .null)
    let standard = try await server.post("/v1/completions", body(nil))
    #expect(standard.json["model"] == "a" && text(standard) == text(a))
    #expect(log.requests.map { $0["model"] } == ["a", "b", "a"])
    // Alone as beside the other, streamed as whole.
    async let first = server.post("/v1/completions", body("a", #","stream":true"#))
    async let second = server.post("/v1/completions", body("b", #","stream":true"#))
    for (reply, expected) in [(try await first, a), (try await second, b)] {
      let pieces = reply.events.compactMap { items($0["choices"]).first?["text"]?.text }
      #expect(JSONValue.string(pieces.joined()) == text(expected))
    }
  }

  @Test func `A name that no model has is 404 with the names there are`() async throws {
    let files = try ModelFiles(["a", "b"])
    let server = try TestServer(ModelPool(["a", "b"].map(files.source)))
    for reply in [
      try await server.post("/v1/completions", body("gpt-4")), try await server.send(.get, "/v1/models/gpt-4"),
    ] {
      #expect(reply.status == 404 && reply.isAPIError)
      #expect(reply.json["error"]?["code"] == "model_not_found")
      #expect(reply.text.contains("a, b") && !reply.text.contains("gpt-4"))
    }
    #expect(try await server.post("/v1/completions", #"{"model":5,"prompt":"a"}"#).status == 400)
  }

  @Test func `All models are listed, loaded or not`() async throws {
    let files = try ModelFiles(["a", "b"])
    let pool = ModelPool(["a", "b"].map(files.source))
    let server = try TestServer(pool)
    _ = try await pool.model("b")
    let list = try await server.send(.get, "/v1/models")
    let models = items(list.json["data"])
    try #require(models.count == 2)
    for (number, (name, state)) in [("a", "unloaded"), ("b", "loaded")].enumerated() {
      let model = models[number]
      #expect(model["id"] == .string(name))
      #expect(model["status"]?["value"] == .string(state))
      #expect(model["max_model_len"] == (state == "loaded" ? 256 : .null))
      #expect(try await server.send(.get, "/v1/models/" + name).json["status"]?["value"] == .string(state))
    }
    #expect(try await server.send(.get, "/health").status == 200)
    #expect(try await server.send(.get, "/health/ready").status == 200)
  }

  @Test func `A model whose file is damaged or gone fails its own requests alone, until it is put right`() async throws
  {
    let files = try ModelFiles(["a", "b"])
    let server = try TestServer(ModelPool(["a", "b"].map(files.source)))
    let path = URL(fileURLWithPath: files.path("b"))
    let whole = try Data(contentsOf: path)
    for damage in [Data("GGUF".utf8), Data(whole.prefix(5000)), nil] {
      if let damage { try damage.write(to: path) } else { try FileManager.default.removeItem(at: path) }
      for stream in ["", #","stream":true"#] {
        let reply = try await server.post("/v1/completions", body("b", stream))
        #expect(reply.status == 503 && reply.isAPIError)
        #expect(reply.json["error"]?["code"] == "model_not_loaded")
        #expect(!reply.text.contains(files.folder.path("")))
      }
      #expect(try await server.post("/v1/completions", body("a")).status == 200)
    }
    try whole.write(to: path)
    #expect(try await server.post("/v1/completions", body("b")).status == 200)
  }

  @Test func `Fifty clients ask for three models where two fit: an answer, or 503 and when to come again`() async throws
  {
    let (files, names) = (try ModelFiles(["a", "b", "c"]), ["a", "b", "c"])
    let pool = ModelPool(names.map(files.source), memory: try await files.size("a") * 5 / 2)
    let server = try TestServer(pool) { $0.queueLimit = 64 }
    var expected: [String: JSONValue?] = [:]
    for name in names { expected[name] = text(try await server.post("/v1/completions", body(name))) }
    let texts = expected
    let answered = try await withThrowingTaskGroup(of: Bool.self) { tasks in
      for client in 0..<50 {
        tasks.addTask {
          let name = names[client % 3]
          let reply = try await server.post("/v1/completions", body(name))
          if reply.status == 200 {
            #expect(text(reply) == texts[name])
            return true
          }
          #expect(reply.status == 503 && reply.isAPIError)
          #expect(reply.json["error"]?["code"] == "models_in_use")
          #expect(reply.headers[.retryAfter] != nil)
          return false
        }
      }
      return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(answered > 0)
    #expect(pool.loadedNames.count <= 2)
    for name in names { #expect(try await server.post("/v1/completions", body(name)).status == 200) }
  }

  @Test func `Places are counted for each model`() async throws {
    let files = try ModelFiles(["a", "b"])
    let pool = ModelPool(["a", "b"].map(files.source))
    let server = try TestServer(pool) { $0.queueLimit = 0 }
    let held = await HeldMemory(files.runtime)
    let body = body("a")
    try await withThrowingTaskGroup(of: Reply.self) { group in
      for _ in 0..<3 { group.addTask { try await server.post("/v1/completions", body) } }
      // Two wait for the load, whichever they are.
      let refused = try #require(try await group.next())
      #expect(refused.status == 429)
      #expect(refused.headers[.retryAfter] == "2")
      let other = Task { try await server.post("/v1/completions", self.body("b")) }
      held.letGo()
      for try await reply in group { #expect(reply.status == 200) }
      #expect(try await other.value.status == 200)
    }
  }

  @Test func `A load that takes long shows signs of life, in a stream and in a whole answer`() async throws {
    let files = try ModelFiles(["a"])
    for stream in ["", #","stream":true"#] {
      let pool = ModelPool([files.source("a")])
      let server = try TestServer(pool) { $0.timeouts.heartbeat = .milliseconds(20) }
      let held = await HeldMemory(files.runtime)
      let reply = Task { try await server.post("/v1/completions", body("a", stream)) }
      try await Task.sleep(for: .milliseconds(100))
      held.letGo()
      let answer = try await reply.value
      #expect(answer.status == 200)
      if stream.isEmpty {
        #expect(answer.text.hasPrefix(" ") && text(answer) != nil)
      } else {
        #expect(answer.text.hasPrefix(": ping") && answer.text.hasSuffix("[DONE]\n\n"))
      }
    }
  }
}

/// Holds up all loads of a runtime until it is let go.
private final class HeldMemory: Sendable {
  private let gate = DispatchSemaphore(value: 0)

  init(_ runtime: Runtime) async {
    let gate = gate
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        _ = try? runtime.memory.reserve(on: Machine.current()) { _, _ throws(ApusError) in
          continuation.resume()
          gate.wait()
          return ((), MemoryDemand())
        }
      }
    }
  }

  func letGo() { gate.signal() }
}
