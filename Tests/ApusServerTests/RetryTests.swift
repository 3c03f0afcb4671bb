internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// Tries of one call by an SDK of AWS, which share an id.
@Suite(.timeLimit(.minutes(2))) struct `Tries of one call` {
  private static let path = "/model/meta.llama3/invoke"

  private static func body(_ tokens: Int) -> String { #"{"prompt":"a","max_gen_len":\#(tokens),"ignore_eos":true}"# }

  /// The bytes of a try of the call `id`.
  private static func bytes(
    _ id: String, _ attempt: String, path: String = Self.path, key: String? = nil, _ body: String
  ) -> String {
    let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    return "POST \(path) HTTP/1.1\r\nHost: x\r\n\(authorization)amz-sdk-invocation-id: \(id)\r\n"
      + "amz-sdk-request: \(attempt)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
  }

  private static func status(_ answer: String) -> Int? { Int(answer.split(separator: " ").dropFirst().first ?? "") }

  /// Sends a try and leaves as soon as the engine works on it.
  private func tryAndLeave(_ bytes: String, _ server: LiveServer, _ model: TestModel) async throws {
    try await server.connect { connection in
      try await connection.send(bytes)
      while model.model.engine.health.running == 0 { await Task.yield() }
    }
  }

  private func engineRequests(_ model: TestModel) -> Int {
    let metrics = model.model.engine.metrics
    return metrics.completedRequests + metrics.cancelledRequests + metrics.runningRequests + metrics.queuedRequests
  }

  @Test func `have one answer, which is computed once, though the first client has left`() async throws {
    let model = try await TestModel.slow(parallel: 4)
    try await LiveServer.run(model) {
      $0.timeouts.retryGrace = .seconds(60)
    } _: { server in
      let body = Self.body(2000)
      try await tryAndLeave(Self.bytes("one", "attempt=1", body), server, model)
      async let second = server.exchange(Self.bytes("one", "attempt=2; max=4", body))
      async let third = server.exchange(Self.bytes("one", "attempt=3; max=4", body))
      let answers = (try await second, try await third)
      #expect(Self.status(answers.0) == 200 && Self.status(answers.1) == 200)
      #expect(answers.0.contains(#""generation""#))
      #expect(engineRequests(model) == 1)
    }
  }

  /// A server learns only after a while that a client had left when it wrote the answer.
  @Test func `get an answer that was given, as long as another try may follow and not too many were given since`()
    async throws
  {
    let model = try await TestModel.quick()
    try await LiveServer.run(model) {
      $0.timeouts.retryGrace = .seconds(60)
    } _: { server in
      func ask(_ id: String, _ attempt: String) async throws {
        #expect(Self.status(try await server.exchange(Self.bytes(id, attempt, Self.body(1)))) == 200)
      }
      try await ask("one", "attempt=1; max=3")
      try await ask("one", "attempt=2; max=3")
      #expect(engineRequests(model) == 1)
      try await ask("one", "attempt=3; max=3")
      #expect(engineRequests(model) == 1)
      try await ask("one", "attempt=3; max=3")
      #expect(engineRequests(model) == 2)
      for index in 0...16 { try await ask("other \(index)", "attempt=1; max=2") }
      try await ask("other 1", "attempt=2; max=2")
      #expect(engineRequests(model) == 19)
      try await ask("other 0", "attempt=2; max=2")
      #expect(engineRequests(model) == 20)
    }
  }

  @Test func `find an answer that has ended between them`() async throws {
    let model = try await TestModel.slow(parallel: 4)
    try await LiveServer.run(model) {
      $0.timeouts.retryGrace = .seconds(60)
    } _: { server in
      // Long enough that the server notices the leaving before the end.
      try await tryAndLeave(Self.bytes("one", "attempt=1; max=2", Self.body(15_000)), server, model)
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(Self.status(try await server.exchange(Self.bytes("one", "attempt=2; max=2", Self.body(15_000)))) == 200)
      #expect(engineRequests(model) == 1)
      #expect(model.model.engine.metrics.completedRequests == 1)
    }
  }

  @Test(arguments: ["attempt=4; max=4", "attempt=1; max=4"])
  func `that do not come end the work`(_ attempt: String) async throws {
    let model = try await TestModel.slow(parallel: 4)
    try await LiveServer.run(model) {
      $0.timeouts.retryGrace = attempt.hasPrefix("attempt=4") ? .seconds(600) : .milliseconds(10)
    } _: { server in
      try await tryAndLeave(Self.bytes("one", attempt, Self.body(30_000)), server, model)
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(model.model.engine.metrics.cancelledRequests == 1)
    }
  }

  @Test func `are others with another body, id, path or key`() async throws {
    let model = try await TestModel.slow(parallel: 8)
    try await LiveServer.run(model) {
      $0.apiKeys = ["k", "l"]
    } _: { server in
      let body = Self.body(400)
      let runtime = #"{"prompt":"a","max_tokens":400,"ignore_eos":true,"stream":false}"#
      let tries = [
        Self.bytes("one", "attempt=1", key: "k", body), Self.bytes("one", "attempt=1", key: "k", Self.body(401)),
        Self.bytes("two", "attempt=1", key: "k", body), Self.bytes("one", "attempt=1", key: "l", body),
        Self.bytes("one", "attempt=1", path: "/model/meta.llama2/invoke", key: "k", body),
        Self.bytes("one", "attempt=1", path: "/endpoints/x/invocations", key: "k", runtime),
        Self.bytes("one", "attempt=1", path: "/endpoints/x/invocations", key: "k", runtime),
      ]
      try await withThrowingTaskGroup(of: Int?.self) { group in
        for bytes in tries { group.addTask { Self.status(try await server.exchange(bytes)) } }
        for try await status in group { #expect(status == 200) }
      }
      #expect(engineRequests(model) == tries.count)
    }
  }

  @Test func `begin anew after one that failed, and get its error only where they waited for it`() async throws {
    let server = try TestServer(await TestModel.quick())
    let id = try #require(HTTPField.Name("amz-sdk-invocation-id"))
    for _ in 0..<2 {
      let reply = try await server.post(Self.path, #"{"prompt":3}"#, headers: [id: "one"])
      #expect(reply.status == 400 && reply.awsError == "ValidationException", "\(reply.text)")
    }
    #expect(try await server.post(Self.path, Self.body(2), headers: [id: "one"]).status == 200)
    let chat = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":4}"#
    #expect(try await server.post("/endpoints/x/invocations", chat, headers: [id: "one"]).status == 200)
  }
}
