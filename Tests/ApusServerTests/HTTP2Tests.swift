internal import Apus
internal import ApusServer
internal import Testing

/// What is promised for connections of HTTP/1 holds for the streams of HTTP/2, with TLS and without.
@Suite(.timeLimit(.minutes(2)))
struct HTTP2Tests {
  private static let one = #"{"prompt":"a","max_tokens":1}"#
  private static let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#

  private static func run(
    _ model: TestModel, isSecure: Bool = true, _ configure: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (LiveServer) async throws -> Void
  ) async throws {
    try await LiveServer.run(model) {
      if isSecure { $0.certificate = TestCertificate.first.files }
      configure(&$0)
    } _: { server in
      try await body(server)
    }
  }

  /// Sends frames, and gives what comes until `isDone`, or until the server closes.
  private static func answers(
    _ server: LiveServer, to frames: [UInt8], until isDone: @escaping @Sendable (HTTP2Answers) -> Bool = { _ in false }
  ) async throws -> HTTP2Answers {
    try await server.connect(offering: ["h2"]) { connection in
      try await connection.send(HTTP2Frames.preface + HTTP2Frames.settings(acknowledging: true) + frames)
      return try HTTP2Answers(try await connection.read { try isDone(HTTP2Answers($0)) })
    }
  }

  @Test(arguments: [true, false])
  func `Requests on streams are answered side by side`(_ isSecure: Bool) async throws {
    try await Self.run(await TestModel.quick(), isSecure: isSecure) { server in
      let frames = [1, 3, 5].flatMap { HTTP2Frames.post(Self.one, stream: $0) }
      let answers = try await Self.answers(server, to: frames) { $0.ended.count == 3 }
      #expect(answers.statuses == [1: 200, 3: 200, 5: 200] && answers.resets.isEmpty)
      #expect(answers.texts.values.allSatisfy { $0.contains("text_completion") })
    }
  }

  @Test func `A reset ends its own request alone, and a client that leaves all of its own`() async throws {
    let model = try await TestModel.slow(parallel: 2)
    try await Self.run(model) { server in
      try await server.connect(offering: ["h2"]) { connection in
        let frames = HTTP2Frames.post(Self.endless, stream: 1) + HTTP2Frames.post(Self.endless, stream: 3)
        try await connection.send(HTTP2Frames.preface + frames)
        while model.model.engine.health.running < 2 { try await Task.sleep(for: .milliseconds(2)) }
        try await connection.send(HTTP2Frames.reset(1))
        while model.model.engine.health.running > 1 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(model.model.engine.metrics.cancelledRequests == 1)
      }
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
      #expect(model.model.engine.metrics.cancelledRequests == 2)
    }
  }

  @Test(arguments: [true, false])
  func `Requests are refused as those of HTTP 1 are`(_ isSecure: Bool) async throws {
    try await Self.run(await TestModel.quick(), isSecure: isSecure) { server in
      let many = (0..<120).map { ("a\($0)", "b") }
      let frames =
        HTTP2Frames.head("GET", "/health", stream: 1, fields: many)
        + HTTP2Frames.head("GET", "/health", stream: 3, authority: nil)
        + HTTP2Frames.head("GET", "/health", stream: 5, fields: [("host", "evil")])
        + HTTP2Frames.head("GET", "/health", stream: 7, authority: "evil")
        + HTTP2Frames.head("POST", "/v1/completions", stream: 9, ends: false, fields: [("content-length", "99999999")])
        + HTTP2Frames.head("GET", "/health", stream: 11)
      let answers = try await Self.answers(server, to: frames) { $0.ended.count == 6 && !$0.resets.isEmpty }
      #expect(answers.statuses == [1: 431, 3: 400, 5: 400, 7: 403, 9: 413, 11: 200])
      // What has not come of the large body the client need not send.
      #expect(answers.resets == [9: 0])
    }
  }

  @Test(arguments: [true, false])
  func `A body that comes too slowly is answered with 408, and who never asks is cut off`(
    _ isSecure: Bool
  ) async throws {
    try await Self.run(await TestModel.quick(), isSecure: isSecure) {
      $0.timeouts.body = .milliseconds(150)
      $0.timeouts.header = .milliseconds(500)
    } _: { server in
      let head = HTTP2Frames.head("POST", "/v1/completions", stream: 1, ends: false)
      let answers = try await Self.answers(server, to: head) { $0.ended.count == 1 }
      #expect(answers.statuses == [1: 408])
      let silent = try await Self.answers(server, to: [])
      #expect(silent.statuses.isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func `A client that opens no window is given up`(_ isSecure: Bool) async throws {
    let model = try await TestModel.slow()
    try await Self.run(model, isSecure: isSecure) {
      $0.timeouts.writeStall = .milliseconds(300)
    } _: { server in
      let body = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"stream":true,"logprobs":20}"#
      // The window of 65,535 bytes is never widened.
      let answers = try await Self.answers(server, to: HTTP2Frames.post(body, stream: 1)) { !$0.resets.isEmpty }
      #expect(answers.statuses == [1: 200])
      while model.model.engine.metrics.cancelledRequests == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test func `A small answer that is never taken holds its place no longer than a large one`() async throws {
    try await Self.run(await TestModel.quick()) {
      $0.timeouts.writeStall = .milliseconds(300)
    } _: { server in
      try await server.connect(offering: ["h2"]) { connection in
        // No stream has room for a byte, so the answers' headers come, and nothing behind them.
        try await connection.send(HTTP2Frames.preface + HTTP2Frames.settings(window: 0))
        try await connection.send(HTTP2Frames.post(Self.one, stream: 1) + HTTP2Frames.post(Self.one, stream: 3))
        let given = try HTTP2Answers(try await connection.read { try HTTP2Answers($0).resets.count == 2 })
        #expect(given.statuses == [1: 200, 3: 200] && given.texts.isEmpty && given.ended.isEmpty)
        #expect(given.resets == [1: 8, 3: 8])
        // The connection goes on, and who opens a window is answered.
        try await connection.send(HTTP2Frames.post(Self.one, stream: 5) + HTTP2Frames.widen(5))
        let taken = try HTTP2Answers(try await connection.read { try HTTP2Answers($0).ended.contains(5) })
        #expect(taken.statuses[5] == 200 && taken.texts[5]?.contains("text_completion") == true)
      }
    }
  }

  @Test func `Without TLS the first bytes tell, in whatever pieces they come`() async throws {
    try await Self.run(await TestModel.quick(), isSecure: false) { server in
      try await server.connect { connection in
        for byte in HTTP2Frames.preface { try await connection.send([byte]) }
        try await connection.send(HTTP2Frames.post(Self.one, stream: 1))
        let answers = try HTTP2Answers(try await connection.read { try HTTP2Answers($0).ended == [1] })
        #expect(answers.statuses == [1: 200])
      }
      let plain = try await server.exchange("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(plain.hasPrefix("HTTP/1.1 4"))
      let other = try await server.exchange("PRI * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(other.hasPrefix("HTTP/1.1 4"))
    }
  }

  @Test func `Who says the half of what it speaks is cut off in time`() async throws {
    try await Self.run(await TestModel.quick(), isSecure: false) {
      $0.timeouts.header = .milliseconds(200)
    } _: { server in
      #expect(try await server.exchange("PRI * HTTP/2.0\r\n").isEmpty)
      let ended = try await server.connect { connection in
        try await connection.send("PR")
        connection.finishSending()
        return try await connection.readToEnd()
      }
      #expect(ended.isEmpty || ended.hasPrefix("HTTP/1.1 4"))
    }
  }

  @Test func `Floods of frames end the connection, and nothing else`() async throws {
    let resets = (0..<1000).flatMap {
      HTTP2Frames.head("GET", "/health", stream: 2 * $0 + 1) + HTTP2Frames.reset(2 * $0 + 1)
    }
    let pings = (0..<1000).flatMap { _ in HTTP2Frames.ping() }
    let settings = (0..<1000).flatMap { _ in HTTP2Frames.settings() }
    let start = HTTP2Frames.frame(.headers, flags: 0, stream: 1, HTTP2Frames.block([(":method", "GET")]))
    let continuations = start + (0..<1000).flatMap { _ in HTTP2Frames.frame(.continuation, stream: 1) }
    try await Self.run(await TestModel.quick()) { server in
      for flood in [resets, pings, settings, continuations] {
        _ = try await Self.answers(server, to: flood)
        let answers = try await Self.answers(server, to: HTTP2Frames.post(Self.one, stream: 1)) { $0.ended.count == 1 }
        #expect(answers.statuses == [1: 200])
      }
    }
  }

  @Test func `Refusals on one connection are bounded`() async throws {
    try await Self.run(await TestModel.quick()) {
      $0.apiKeys = ["key"]
      $0.limits.refusalsPerConnection = 5
    } _: { server in
      let frames = (0..<5).flatMap { HTTP2Frames.head("GET", "/v1/models", stream: 2 * $0 + 1) }
      let answers = try await Self.answers(server, to: frames) { $0.goAway != nil && $0.ended.count == 5 }
      #expect(answers.statuses.values.allSatisfy { $0 == 401 } && answers.goAway == 0)
    }
  }

  @Test func `A stream takes a place as a connection does`() async throws {
    let model = try await TestModel.slow(parallel: 4)
    try await Self.run(model) {
      $0.maximumConnections = 4
    } _: { server in
      // One address has three quarters of four: the connection and two streams.
      try await server.connect(offering: ["h2"]) { connection in
        let frames = HTTP2Frames.post(Self.endless, stream: 1) + HTTP2Frames.post(Self.endless, stream: 3)
        try await connection.send(HTTP2Frames.preface + frames)
        while model.model.engine.health.running < 2 { try await Task.sleep(for: .milliseconds(2)) }
        try await connection.send(HTTP2Frames.post(Self.endless, stream: 5))
        let answers = try HTTP2Answers(
          try await connection.read { try !HTTP2Answers($0).resets.isEmpty })
        // REFUSED_STREAM: the client may try again.
        #expect(answers.resets == [5: 7])
      }
    }
  }
}
