internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// What the lines of a file of keys, and the limits of an address, do to requests.
@Suite(.timeLimit(.minutes(2)))
struct KeyAccessTests {
  private static let path = "/v1/completions"
  private static let body = #"{"prompt":"abcd","max_tokens":4,"ignore_eos":true}"#

  private func file(_ lines: String...) -> MemoryFile {
    MemoryFile(
      lines.map { line in
        let words = line.split(separator: " ", maxSplits: 1)
        return "\(words[0]) \(KeyDigest(of: "key of \(words[0])").text) \(words.dropFirst().joined())"
      }.joined(separator: "\n"))
  }

  private func key(_ name: String) -> HTTPFields { [.authorization: "Bearer key of \(name)"] }

  @Test func `A key opens until it expires, and the log knows whose it was`() async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.quick(), logger: log.logger) {
      $0.keyFile = file("alice", "bob expires=2023-11-14", "carol expires=2023-11-15")
    }
    #expect(try await server.post(Self.path, Self.body, headers: key("alice")).status == 200)
    #expect(try await server.post(Self.path, Self.body, headers: key("carol")).status == 200)
    let expired = try await server.post(Self.path, Self.body, headers: key("bob"))
    #expect(expired.status == 401 && expired.text.contains("expired"))
    #expect(try await server.post(Self.path, Self.body, headers: key("dave")).status == 401)
    #expect(try await server.post(Self.path, Self.body).status == 401)
    #expect(try await server.send(.get, "/health").status == 200)
    #expect(log.requests.map { $0["key"] } == ["alice", "carol", nil, nil, nil, nil])
    #expect(log.requests.map { $0["prompt_tokens"] } == [5, 5, nil, nil, nil, nil])
    #expect(log.requests.map { $0["completion_tokens"] } == [4, 4, nil, nil, nil, nil])
  }

  @Test func `A key opens the models that it names, and knows of no others`() async throws {
    let file = file("all", "some models=oth*,ti*", "none models=other")
    let server = try TestServer(await TestModel.quick(), name: "tiny") { $0.keyFile = file }
    for (name, status) in [("all", 200), ("some", 200), ("none", 404)] {
      #expect(try await server.post(Self.path, Self.body, headers: key(name)).status == status)
      #expect(try await server.send(.get, "/v1/models/tiny", headers: key(name)).status == status)
      let list = try await server.send(.get, "/v1/models", headers: key(name)).json["data"]
      #expect(list?.elements?.count == (status == 200 ? 1 : 0))
    }
  }

  @Test func `Requests of a key are bounded, and the refusal says when to come again`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      $0.keyFile = file("slow requests-per-minute=2", "fast")
    }
    for _ in 0..<2 { #expect(try await server.post(Self.path, Self.body, headers: key("slow")).status == 200) }
    let refused = try await server.post(Self.path, Self.body, headers: key("slow"))
    #expect(refused.status == 429 && refused.isAPIError)
    let wait = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
    #expect((1...30).contains(wait))
    #expect(refused.text.contains("try again in \(wait) s"))
    #expect(try await server.post(Self.path, Self.body, headers: key("fast")).status == 200)
    #expect(try await server.send(.get, "/v1/models", headers: key("slow")).status == 200)
  }

  @Test(arguments: [false, true])
  func `Tokens of a key are bounded, those of prompts and of completions`(_ isStreamed: Bool) async throws {
    let server = try TestServer(await TestModel.quick()) { $0.keyFile = file("a tokens-per-minute=12") }
    let body = #"{"prompt":"abcd","max_tokens":4,"ignore_eos":true,"stream":\#(isStreamed)}"#
    // Nine tokens each, one of them the beginning of text: after the first three are left, after the second six are owed.
    for _ in 0..<2 { #expect(try await server.post(Self.path, body, headers: key("a")).status == 200) }
    let refused = try await server.post(Self.path, body, headers: key("a"))
    #expect(refused.status == 429 && refused.text.contains("tokens"))
    let wait = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
    #expect((25...35).contains(wait))
  }

  @Test func `Requests of a key at the same time are bounded, and a place is free when an answer has ended`()
    async throws
  {
    let server = try TestServer(await TestModel.slow(parallel: 4)) { $0.keyFile = file("a concurrent=1") }
    let long = #"{"prompt":"a","max_tokens":3000,"ignore_eos":true,"stream":true}"#
    let busy = Task { try await server.post(Self.path, long, headers: key("a")) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    let refused = try await server.post(Self.path, Self.body, headers: key("a"))
    #expect(refused.status == 429 && refused.headers[.retryAfter] != nil)
    #expect(try await busy.value.status == 200)
    for number in 0..<20 {
      let body = #"{"prompt":"a","max_tokens":1,"stream":\#(number.isMultiple(of: 2))}"#
      #expect(try await server.post(Self.path, body, headers: key("a")).status == 200)
    }
    #expect(try await server.post(Self.path, #"{"prompt":5}"#, headers: key("a")).status == 400)
    #expect(try await server.post(Self.path, Self.body, headers: key("a")).status == 200)
  }

  @Test func `A file that changes opens and closes while the server runs`() async throws {
    let file = file("a")
    let server = try TestServer(await TestModel.quick()) { $0.keyFile = file }
    #expect(try await server.send(.get, "/v1/models", headers: key("a")).status == 200)
    file.write("b \(KeyDigest(of: "key of b").text)")
    try await Task.sleep(for: .milliseconds(1100))
    #expect(try await server.send(.get, "/v1/models", headers: key("a")).status == 401)
    #expect(try await server.send(.get, "/v1/models", headers: key("b")).status == 200)
  }

  @Test func `Requests of an address are bounded, whatever key they have`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.addressLimits.requestsPerMinute = 2
      $0.apiKeys = ["k", "l"]
    } _: { server in
      for (key, status) in [("k", 200), ("l", 200), ("k", 429), ("l", 429)] {
        let answer = try await server.exchange(
          "POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\nContent-Length: \(Self.body.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(Self.body)")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
      }
    }
  }
}
