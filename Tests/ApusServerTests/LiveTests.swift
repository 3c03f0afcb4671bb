internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Testing

/// What only a socket shows: bytes that are no HTTP, time, and clients that leave.
@Suite(.timeLimit(.minutes(2)))
struct LiveTests {
  private static func post(_ body: String, _ headers: String = "", path: String = "/v1/completions") -> String {
    "POST \(path) HTTP/1.1\r\nHost: x\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static let one = #"{"prompt":"a","max_tokens":1}"#
  private static let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"stream":true}"#
  private static let endlessWhole = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#

  @Test(arguments: [
    ("GET /health HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400), ("hello\r\n\r\n", 400),
    ("GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 400), ("\u{0}\u{1}\u{2}\r\n\r\n", 400),
    ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n", 400),
    ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    (
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400
    ),
    ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    ("GET /health HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 120) + "\r\n", 431),
    ("GET /health HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "b", count: 40_000) + "\r\n\r\n", 431),
    ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 414),
    ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{", 413),
    ("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{", 404),
  ])
  func `Bytes that are no acceptable request are answered and the connection closes`(
    _ request: String, _ status: Int
  ) async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      let answer = try await server.exchange(request)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(80))")
      #expect(answer.contains("{\"error\":{\"message\":"))
      #expect(answer.lowercased().contains("connection: close"))
      let canary = try await server.exchange(Self.post(Self.one, "Connection: close\r\n"))
      #expect(canary.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func `One connection serves many requests, also when they are sent at once`() async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      let get = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
      let last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
      let answer = try await server.exchange(Self.post(Self.one) + get + Self.post(Self.one) + last)
      #expect(answer.split(separator: "HTTP/1.1 200 OK").count == 4)
    }
  }

  @Test func `A client that waits for 100 is told to go on`() async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      let answer = try await server.connect { connection in
        let head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
        try await connection.send(head + "Content-Length: \(Self.one.utf8.count)\r\n\r\n")
        try await Task.sleep(for: .milliseconds(50))
        try await connection.send(Self.one)
        return try await connection.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"))
    }
  }

  @Test func `A header or a body that comes too slowly is answered with 408`() async throws {
    let model = try await TestModel.quick()
    for start in [
      "GET /health HTTP/1.1\r\nA: ", "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n",
    ] {
      try await LiveServer.run(model) {
        $0.timeouts.header = .milliseconds(150)
        $0.timeouts.body = .milliseconds(150)
      } _: { server in
        let answer = try await server.connect { connection in
          try await connection.send(start)
          let dripping = Task {
            while true {
              try await connection.send("x")
              try await Task.sleep(for: .milliseconds(20))
            }
          }
          defer { dripping.cancel() }
          return try await connection.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer.prefix(80))")
      }
    }
  }

  @Test func `A connection without a request closes after the idle time`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.timeouts.idle = .milliseconds(100)
    } _: { server in
      let answer = try await server.exchange("")
      #expect(answer.isEmpty)
    }
  }

  @Test func `When a client leaves, its completion ends and the next request is served`() async throws {
    let model = try await TestModel.slow()
    try await LiveServer.run(model) { server in
      for body in [Self.endless, Self.endlessWhole] {
        try await server.connect { connection in
          try await connection.send(Self.post(body))
          while model.model.engine.health.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
        }
        while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
      }
      #expect(model.model.engine.metrics.cancelledRequests == 2)
      let canary = try await server.exchange(Self.post(Self.one, "Connection: close\r\n"))
      #expect(canary.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func `When a queued client leaves, only its own request is given up`() async throws {
    let model = try await TestModel.slow()
    try await LiveServer.run(model) { server in
      try await server.connect { running in
        try await running.send(Self.post(Self.endless))
        while model.model.engine.health.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
        try await server.connect { queued in
          try await queued.send(Self.post(Self.endlessWhole))
          while model.model.engine.health.queued == 0 { try await Task.sleep(for: .milliseconds(2)) }
        }
        while model.model.engine.health.queued > 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(model.model.engine.health.running == 1)
        #expect(model.model.engine.metrics.cancelledRequests == 1)
      }
    }
  }

  @Test func `A client that reads nothing is cut off, and others are not affected`() async throws {
    let model = try await TestModel.slow()
    try await LiveServer.run(model) {
      $0.timeouts.writeStall = .milliseconds(300)
    } _: { server in
      let body = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"stream":true,"logprobs":20}"#
      try await server.connect { connection in
        try await connection.send(Self.post(body))
        while model.model.engine.metrics.cancelledRequests == 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      let canary = try await server.exchange(Self.post(Self.one, "Connection: close\r\n"))
      #expect(canary.hasPrefix("HTTP/1.1 200 "))
    }
  }
}
