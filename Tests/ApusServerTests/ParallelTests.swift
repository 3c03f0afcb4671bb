internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// Several requests, and several choices of one, at the same time.
@Suite(.timeLimit(.minutes(2)))
struct ParallelTests {
  private static let path = "/v1/completions"
  private static let endless = #""prompt":"a","max_tokens":30000,"ignore_eos":true"#

  /// Requests with prompts that begin alike and others, sampled and greedy.
  private static let requests = (0..<8).map { number in
    let prompt = number < 4 ? "the shared beginning of all of them, number \(number)" : "number \(number)"
    let sampling = number.isMultiple(of: 3) ? #""temperature":0"# : #""temperature":1.5,"seed":\#(number)"#
    return #""prompt":"\#(prompt)","max_tokens":\#(20 + 5 * number),"ignore_eos":true,\#(sampling)"#
  }

  @Test func `Eight requests at once have the texts that each has alone, streamed or not`() async throws {
    let alone = try TestServer(await TestModel.quick())
    var expected: [String] = []
    for request in Self.requests {
      expected += try await alone.post(Self.path, "{\(request),\"cache_prompt\":false}").texts
    }
    let server = try TestServer(await TestModel.quick(parallel: 8))
    for _ in 0..<4 {
      let tasks = Self.requests.enumerated().map { number, request in
        Task {
          let isStreamed = number.isMultiple(of: 2)
          let reply = try await server.post(Self.path, "{\(request),\"stream\":\(isStreamed)}")
          return isStreamed ? reply.streamedTexts(1) : reply.texts
        }
      }
      var found: [String] = []
      for task in tasks { found += try await task.value }
      #expect(found == expected)
    }
    #expect(server.model.engine.health.running == 0 && server.model.engine.health.queued == 0)
  }

  @Test func `Choices of a request have the texts that each has alone, whatever runs together`() async throws {
    let fields = #""prompt":["the","and"],"n":3,"max_tokens":24,"seed":7,"ignore_eos":true"#
    let expected = try await TestServer(await TestModel.quick()).post(Self.path, "{\(fields)}").texts
    #expect(expected.count == 6)
    for parallel in [2, 8] {
      let server = try TestServer(await TestModel.quick(parallel: parallel))
      #expect(try await server.post(Self.path, "{\(fields)}").texts == expected)
      #expect(try await server.post(Self.path, #"{\#(fields),"stream":true}"#).streamedTexts(6) == expected)
    }
  }

  @Test func `Choices that run together are all cut by the limit on work, with what they have`() async throws {
    let server = try TestServer(await TestModel.slow(parallel: 3)) { $0.timeouts.wholeAnswer = .milliseconds(400) }
    let reply = try await server.post(Self.path, #"{\#(Self.endless),"n":4}"#)
    #expect(reply.status == 200)
    let choices = try #require(reply.json["choices"]?.elements)
    #expect(choices.map { $0["finish_reason"] } == ["deadline", "deadline", "deadline", "deadline"])
    #expect(choices.map { $0["text"] == "" } == [false, false, false, true])
  }

  @Test func `Frames of streamed choices take turns`() async throws {
    let server = try TestServer(await TestModel.slow(parallel: 2))
    let reply = try await server.post(
      Self.path, #"{"prompt":"a","max_tokens":2000,"ignore_eos":true,"n":2,"stream":true}"#)
    let indices = reply.events.compactMap { $0["choices"]?.elements?.first?["index"] }
    let firsts = [0, 1].map { index in indices.firstIndex(of: .int(index)) ?? -1 }
    let lasts = [0, 1].map { index in indices.lastIndex(of: .int(index)) ?? -1 }
    #expect(firsts.min() ?? -1 >= 0)
    #expect((firsts.max() ?? 0) < (lasts.min() ?? 0))
  }

  @Test func `A stream that is cut has the end of each choice, and one error after them`() async throws {
    let server = try TestServer(await TestModel.slow(parallel: 2))
    let stream = Task { try await server.post(Self.path, #"{\#(Self.endless),"n":2,"stream":true}"#) }
    while server.model.engine.metrics.steps < 10 { await Task.yield() }
    server.model.engine.cancelAll()
    let events = try await stream.value.events
    #expect(events.last?["error"]?["code"] == "shutting_down")
    let ends = events.compactMap { $0["choices"]?.elements?.first?["finish_reason"] }.filter { $0 != .null }
    #expect(ends == ["shutdown", "shutdown"])
  }

  @Test func `Places follow what runs together, and health tells how many are taken`() async throws {
    let server = try TestServer(await TestModel.slow(parallel: 2)) { $0.queueLimit = 1 }
    #expect(try await server.post(Self.path, #"{"prompt":"a","max_tokens":1}"#).status == 200)
    let tasks = (0..<3).map { _ in Task { try await server.post(Self.path, "{\(Self.endless)}") } }
    while server.model.engine.health.running < 2 || server.model.engine.health.queued < 1 { await Task.yield() }
    let health = try await server.send(.get, "/health").json
    let expected: [(String, JSONValue)] = [
      ("status", "ok"), ("running", 2), ("queued", 1), ("parallel", 2), ("requests", 3), ("limit", 3),
    ]
    for (name, value) in expected { #expect(health[name] == value, "\(name)") }
    let refused = try await server.post(Self.path, #"{"prompt":"a","max_tokens":1}"#)
    #expect(refused.status == 429)
    let seconds = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
    #expect((1...60).contains(seconds))
    for task in tasks { task.cancel() }
    for task in tasks { _ = try await task.value }
  }

  @Test func `A client that leaves ends all choices of its request, and no other's`() async throws {
    let server = try TestServer(await TestModel.slow(parallel: 4))
    let other = Task { try await server.post(Self.path, #"{"prompt":"b","max_tokens":500,"ignore_eos":true}"#) }
    let leaving = Task { try await server.post(Self.path, #"{\#(Self.endless),"n":3,"stream":true}"#) }
    while server.model.engine.health.running < 4, server.model.engine.metrics.completedRequests == 0 {
      await Task.yield()
    }
    leaving.cancel()
    _ = try await leaving.value
    #expect(try await other.value.json["usage"]?["completion_tokens"] == 500)
    while server.model.engine.health.running > 0 { await Task.yield() }
    #expect(server.model.engine.metrics.cancelledRequests == 3)
  }
}

extension Reply {
  /// The texts of `count` streamed choices.
  fileprivate func streamedTexts(_ count: Int) -> [String] {
    var texts = Array(repeating: "", count: count)
    for choice in events.flatMap({ $0["choices"]?.elements ?? [] }) {
      guard case .int(let index)? = choice["index"], case .string(let text)? = choice["text"] else { continue }
      texts[index] += text
    }
    return texts
  }
}
