internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

@Suite(.timeLimit(.minutes(2)))
struct AdmissionTests {
  private static let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#

  @Test func `When the queue is full the next request gets 429 at once, and a place when one is free`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.queueLimit = 1 }
    let tasks = (0..<2).map { _ in Task { try await server.post("/v1/completions", Self.endless) } }
    while server.model.engine.health.running + server.model.engine.health.queued < 2 { await Task.yield() }
    let refused = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1}"#)
    #expect(refused.status == 429)
    #expect(refused.isAPIError)
    #expect(refused.json["error"]?["type"] == "rate_limit_error")
    #expect(refused.headers[.retryAfter] != nil)
    #expect(try await server.send(.get, "/health").status == 200)
    for task in tasks { task.cancel() }
    for task in tasks { _ = try await task.value }
    let accepted = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1}"#)
    #expect(accepted.status == 200)
  }

  @Test func `An answer that takes too long ends with what it has`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.wholeAnswer = .milliseconds(200) }
    let reply = try await server.post("/v1/completions", Self.endless)
    #expect(reply.status == 200)
    let choice = try #require(reply.json["choices"]?.elements?.first)
    #expect(choice["finish_reason"] == "deadline")
  }

  @Test func `An answer that takes long shows signs of life`() async throws {
    let server = try TestServer(await TestModel.slow()) {
      $0.timeouts.heartbeat = .milliseconds(20)
      $0.timeouts.wholeAnswer = .milliseconds(300)
    }
    let whole = try await server.post("/v1/completions", Self.endless)
    #expect(whole.body.first == 0x20)
    #expect(whole.json["object"] == "text_completion")
  }

  @Test func `A stream that waits long shows signs of life`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.heartbeat = .milliseconds(20) }
    let busy = Task { try await server.post("/v1/completions", Self.endless) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    let stream = Task { try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":2,"stream":true}"#) }
    while server.model.engine.health.queued == 0 { await Task.yield() }
    try await Task.sleep(for: .milliseconds(200))
    busy.cancel()
    let text = try await stream.value.text
    #expect(text.contains(": ping\n\n"))
    #expect(text.hasSuffix("data: [DONE]\n\n"))
    _ = try await busy.value
  }

  @Test func `When the engine stops, running answers end with an error and new ones are refused`() async throws {
    let server = try TestServer(await TestModel.slow())
    let stream = Task {
      try await server.post("/v1/completions", #"{"prompt":"a","ignore_eos":true,"max_tokens":30000,"stream":true}"#)
    }
    while server.model.engine.metrics.steps < 5 { await Task.yield() }
    server.model.engine.cancelAll()
    let reply = try await stream.value
    #expect(reply.events.last?["error"]?["code"] == "shutting_down")
    #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
    let late = try await server.post("/v1/completions", #"{"prompt":"a"}"#)
    #expect(late.status == 503)
    #expect(late.headers[.retryAfter] != nil)
  }
}
