internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Logging
internal import Synchronization
internal import Testing

/// What one connection may ask for, and how many there may be.
@Suite(.timeLimit(.minutes(2)))
struct ConnectionTests {
  private static let body = #"{"prompt":"a","max_tokens":1}"#
  private static let get = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
  private static let last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
  private static let post =
    "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  private static let chunked =
    "POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + body.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"

  private static func successes(_ answer: String) -> Int { answer.split(separator: "HTTP/1.1 200 OK").count }

  @Test(arguments: [1, 7, 100, 100_000])
  func `Requests in a row are answered one by one, however their bytes come`(_ pieceByteCount: Int) async throws {
    let requests = "\r\n\r\n" + Self.post + Self.get + Self.chunked + Self.chunked + Self.get + Self.post + Self.last
    try await LiveServer.run(await TestModel.quick()) { server in
      let answer = try await server.connect { connection in
        var rest = requests[...]
        while !rest.isEmpty {
          try await connection.send(String(rest.prefix(pieceByteCount)))
          rest = rest.dropFirst(pieceByteCount)
        }
        return try await connection.readToEnd()
      }
      #expect(Self.successes(answer) == 7, "\(answer.prefix(2000))")
    }
  }

  @Test func `A client that sends nothing more gets its answers`() async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      for requests in [Self.post, Self.chunked, Self.last, Self.post + Self.get + Self.chunked] {
        let answer = try await server.connect { connection in
          try await connection.send(requests)
          connection.finishSending()
          return try await connection.readToEnd()
        }
        #expect(Self.successes(answer) == requests.split(separator: " HTTP/1.1").count - 1, "\(answer)")
      }
    }
  }

  @Test func `A client that sends nothing more is still given up when it leaves`() async throws {
    let model = try await TestModel.slow()
    let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#
    try await LiveServer.run(model) { server in
      try await server.connect { connection in
        try await connection.send(
          "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(endless.utf8.count)\r\n\r\n\(endless)")
        connection.finishSending()
        while model.model.engine.health.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
        try await Task.sleep(for: .milliseconds(500))
        #expect(model.model.engine.health.running == 1)
      }
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
      #expect(model.model.engine.metrics.cancelledRequests == 1)
    }
  }

  @Test(arguments: [
    "GET /health HTTP/1.1\r\n\r\n", "GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "GET /health HTTP/1.1\r\nHost: x\r\nHOST: evil\r\n\r\n",
  ])
  func `A request names its host once`(_ request: String) async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      let answer = try await server.exchange(request)
      #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
      #expect(answer.contains("invalid_host"))
    }
  }

  @Test(arguments: [
    ("POST /model/a/converse HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400, "x-amzn-errortype: validation"),
    ("POST /api/chat?a=b HTTP/1.1\r\n\r\n", 400, #"{"error":"a request must name its host"#),
    ("POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 120), 431, #""type":"error""#),
    (
      "POST /generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 422,
      #""error_type":"#
    ),
    ("hello\r\n\r\n", 400, #"{"error":{"message":"#),
  ])
  func `What a connection refuses has its path's words, an id and a line in the log`(
    _ request: String, _ status: Int, _ text: String
  ) async throws {
    let log = LineHold()
    try await LiveServer.run(await TestModel.quick(), logger: log.logger) { _ in
    } _: { server in
      let answer = try await server.exchange(request)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.lowercased().contains(text), "\(answer)")
      let line = try #require(log.requests.first)
      #expect(log.requests.count == 1, "\(log.requests)")
      let id = try #require(line["id"]?.text)
      #expect(answer.contains(": \(id)\r\n"), "\(answer)")
      let path = request.split { $0 == " " || $0 == "?" }.dropFirst().first { $0.hasPrefix("/") }
      #expect(line["path"]?.text == path.map(String.init) ?? "")
      #expect(line["end"] != nil && line["status"] == .int(status), "\(line)")
    }
  }

  @Test func `A target that names another host than the request is nobody's`() async throws {
    try await LiveServer.run(await TestModel.quick()) { server in
      for (target, host, status) in [
        ("http://x/health", "X", 200), ("http://evil/health", "x", 403), ("http://x/health", "evil", 403),
        ("http://x@evil/health", "x", 403), ("http://evil/health", "evil", 403),
      ] {
        let answer = try await server.exchange("GET \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(target) \(host)")
      }
    }
  }

  @Test func `Refusals on one connection are bounded`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.apiKeys = ["key"]
      $0.limits.refusalsPerConnection = 5
    } _: { server in
      let refused = String(repeating: "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", count: 50)
      let answer = try await server.exchange(refused)
      #expect(answer.split(separator: "HTTP/1.1 401 ").count == 5)
      #expect(answer.lowercased().split(separator: "connection: close").count == 2)
    }
  }

  @Test func `For a new connection the one that waits longest gives way`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.maximumConnections = 4
    } _: { server in
      // Threads of their own take connections in: without a pause it is open which has waited longest.
      let pause = Duration.milliseconds(100)
      try await server.connect { first in
        try await Task.sleep(for: pause)
        try await server.connect { second in
          try await Task.sleep(for: pause)
          try await server.connect { third in
            try await Task.sleep(for: pause)
            // One address has three quarters of four.
            let answer = try await server.exchange(Self.last)
            #expect(Self.successes(answer) == 1)
            let told = try await first.readToEnd()
            #expect(told.hasPrefix("HTTP/1.1 503 ") && told.contains("too_many_connections"), "\(told)")
            #expect(told.lowercased().contains("retry-after: 2"))
            try await second.send(Self.last)
            try await third.send(Self.last)
            #expect(try await Self.successes(second.readToEnd()) == 1)
            #expect(try await Self.successes(third.readToEnd()) == 1)
          }
        }
      }
    }
  }

  @Test func `Who has a part of a request gives way in the words of its path, and who had an answer without a word`()
    async throws
  {
    try await LiveServer.run(await TestModel.quick()) {
      $0.maximumConnections = 4
      $0.connectionsPerAddress = 2
    } _: { server in
      for (start, text) in [
        ("POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", #"{"error":"the server has"#),
        ("POST /v1/messages HTTP/1.1\r\nHo", "overloaded_error"),
      ] {
        try await server.connect { first in
          try await first.send(start)
          // Threads of their own take connections in: this one is to have waited longest.
          try await Task.sleep(for: .milliseconds(100))
          try await server.connect { _ in
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await Self.successes(server.exchange(Self.last)) == 1)
            let told = try await first.readToEnd()
            #expect(told.contains(text) && told.lowercased().contains("x-request-id: "), "\(told)")
          }
        }
      }
      try await server.connect { first in
        try await first.send(Self.get)
        _ = try await first.read { String(decoding: $0, as: UTF8.self).contains("}") }
        try await Task.sleep(for: .milliseconds(100))
        try await server.connect { _ in
          try await Task.sleep(for: .milliseconds(100))
          #expect(try await Self.successes(server.exchange(Self.last)) == 1)
          let told = try await first.readToEnd()
          #expect(told.split(separator: "HTTP/1.1 ").count == 1, "\(told)")
        }
      }
    }
  }

  @Test func `A silent connection has as long as a header`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.timeouts.header = .milliseconds(100)
    } _: { server in
      let answer = try await server.exchange("")
      #expect(answer.isEmpty)
    }
  }

  @Test func `A flood of requests without work is told in few lines`() async throws {
    let count = Count()
    let logger = Logger(label: "test") { _ in CountingHandler { count.add() } }
    let server = try TestServer(await TestModel.quick(), logger: logger)
    for _ in 0..<1000 { _ = try await server.send(.get, "/health") }
    let before = count.value
    #expect((200..<400).contains(before))
    for _ in 0..<50 { #expect(try await server.post("/v1/completions", Self.body).status == 200) }
    #expect(count.value >= before + 50)
  }
}

private final class Count: Sendable {
  private let held = Mutex(0)

  var value: Int { held.withLock { $0 } }

  func add() { held.withLock { $0 += 1 } }
}

/// Tells of every log entry.
private struct CountingHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.info
  private let onEntry: @Sendable () -> Void

  init(_ onEntry: @escaping @Sendable () -> Void) { self.onEntry = onEntry }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { onEntry() }
}
