internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// The line of a request says why it was not answered as it was asked for.
@Suite(.timeLimit(.minutes(2)))
struct RequestLogTests {
  private static let endless = #""prompt":"a","max_tokens":30000,"ignore_eos":true"#

  @Test func `A refusal has its code, and an answer has no end`() async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.quick(), logger: log.logger) { $0.apiKeys = ["key"] }
    let long = Array(repeating: "5", count: 300).joined(separator: ",")
    let key: HTTPFields = [.authorization: "Bearer key"]
    _ = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":2}"#)
    _ = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":2}"#, headers: key)
    _ = try await server.post("/v1/completions", #"{"prompt":[\#(long)]}"#, headers: key)
    _ = try await server.post("/v1/completions", #"{"prompt":"a","n":-1}"#, headers: key)
    _ = try await server.send(.get, "/nothing", headers: key)
    _ = try await server.send(.get, "/health", headers: [.origin: "https://evil.example"])
    let ends: [JSONValue?] = [
      "invalid_api_key", nil, "context_length_exceeded", "invalid_request_error", "not_found", "origin_refused",
    ]
    #expect(log.requests.map { $0["end"] } == ends)
    #expect(log.requests.map { $0["status"] } == [401, 200, 400, 400, 404, 403])
  }

  @Test(arguments: [false, true])
  func `What a limit cuts has the name of the limit, also where the status was 200`(_ isStreamed: Bool) async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.slow(), logger: log.logger)
    let reply = Task { try await server.post("/v1/completions", "{\(Self.endless),\"stream\":\(isStreamed)}") }
    while server.model.engine.metrics.steps < 5 { await Task.yield() }
    server.model.engine.cancelAll()
    #expect(try await reply.value.status == 200)
    #expect(log.requests.map { $0["end"] } == ["shutdown"])
    #expect(log.requests.map { $0["status"] } == [200])
  }

  @Test func `A whole answer that met its limit says so`() async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.slow(), logger: log.logger) {
      $0.timeouts.wholeAnswer = .milliseconds(300)
    }
    #expect(try await server.post("/v1/completions", "{\(Self.endless)}").status == 200)
    #expect(log.requests.map { $0["end"] } == ["deadline"])
  }

  @Test func `An answer that fails after it has begun has the error's code`() async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.slow(), logger: log.logger) {
      $0.timeouts.heartbeat = .milliseconds(50)
      $0.timeouts.queue = .seconds(1)
    }
    let busy = Task { try await server.post("/v1/completions", #"{\#(Self.endless),"stream":true}"#) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    await #expect(throws: (any Error).self) { try await server.post("/v1/completions", #"{"prompt":"a"}"#) }
    _ = try await server.post("/v1/completions", #"{"prompt":"a","stream":true}"#)
    #expect(log.requests.map { $0["end"] } == ["queue_timeout", "queue_timeout"])
    busy.cancel()
    _ = try await busy.value
  }
}
