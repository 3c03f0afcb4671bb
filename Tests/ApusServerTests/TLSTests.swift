internal import Apus
internal import ApusServer
internal import NIOSSL
internal import Testing

/// What is promised on a connection holds in TLS, too.
@Suite(.timeLimit(.minutes(2)))
struct TLSTests {
  private static let one = #"{"prompt":"a","max_tokens":1}"#
  private static let endless = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#
  private static let last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

  private static func post(_ body: String) -> String {
    "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  /// The status of the first answer; nil for none.
  private static func status(_ server: LiveServer, _ request: String) async throws -> Int? {
    let answer = try await server.exchange(request)
    return answer.hasPrefix("HTTP/1.1 ") ? Int(answer.dropFirst(9).prefix(3)) : nil
  }

  private static func run(
    _ model: TestModel, _ configure: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (LiveServer) async throws -> Void
  ) async throws {
    try await LiveServer.run(model) {
      $0.certificate = TestCertificate.first.files
      configure(&$0)
    } _: { server in
      try await body(server)
    }
  }

  @Test func `Requests in a row are answered, also when nothing more is sent`() async throws {
    try await Self.run(await TestModel.quick()) { server in
      let requests = Self.post(Self.one) + Self.post(Self.one)
      let answer = try await server.exchange(requests + Self.last)
      #expect(answer.split(separator: "HTTP/1.1 200 OK").count == 3)
      let half = try await server.connect { connection in
        try await connection.send(requests)
        connection.finishSending()
        return try await connection.readToEnd()
      }
      #expect(half.split(separator: "HTTP/1.1 200 OK").count == 2)
    }
  }

  @Test func `What is no request is answered, and what is no TLS is not`() async throws {
    try await Self.run(await TestModel.quick()) { server in
      #expect(try await Self.status(server, "hello\r\n\r\n") == 400)
      let long = "GET /health HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "b", count: 40_000) + "\r\n\r\n"
      #expect(try await Self.status(server, long) == 431)
      let plain = LiveServer(port: server.port, isSecure: false)
      let answer = try await plain.exchange(Self.last)
      #expect(!answer.contains("HTTP"))
      #expect(try await Self.status(server, Self.last) == 200)
    }
  }

  @Test func `A client that never begins TLS, or never asks, is cut off`() async throws {
    try await Self.run(await TestModel.quick()) {
      $0.timeouts.header = .milliseconds(100)
    } _: { server in
      let plain = LiveServer(port: server.port, isSecure: false)
      let answers = [try await plain.exchange(""), try await server.exchange("")]
      #expect(answers == ["", ""])
      let status = try await Self.status(server, "GET /health HTTP/1.1\r\nA: ")
      #expect(status == 408)
    }
  }

  @Test func `When a client leaves, its completion ends`() async throws {
    let model = try await TestModel.slow()
    try await Self.run(model) { server in
      try await server.connect { connection in
        try await connection.send(Self.post(Self.endless))
        while model.model.engine.health.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
      }
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
      #expect(model.model.engine.metrics.cancelledRequests == 1)
      #expect(try await Self.status(server, Self.last) == 200)
    }
  }

  @Test func `A client that reads nothing is cut off`() async throws {
    let model = try await TestModel.slow()
    try await Self.run(model) {
      $0.timeouts.writeStall = .milliseconds(300)
    } _: { server in
      let body = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"stream":true,"logprobs":20}"#
      try await server.connect { connection in
        try await connection.send(Self.post(body))
        while model.model.engine.metrics.cancelledRequests == 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
    }
  }

  @Test func `A connection gives way at once, whether its client says farewell or not`() async throws {
    try await Self.run(await TestModel.quick()) {
      $0.maximumConnections = 4
    } _: { server in
      let silent = LiveServer(port: server.port, isSecure: false)
      try await silent.connect { first in
        try await Task.sleep(for: .milliseconds(100))
        try await server.connect { _ in
          for _ in 0..<20 {
            #expect(try await Self.status(server, Self.last) == 200)
          }
          try await Task.sleep(for: .milliseconds(100))
          try await silent.connect { _ in
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await Self.status(server, Self.last) == 200)
          }
          #expect(try await first.readToEnd() == "")
        }
      }
    }
  }

  @Test func `New connections get the certificate that the files have, and wrong files change nothing`() async throws {
    let (chain, key) = (MemoryFile(TestCertificate.first.chain), MemoryFile(TestCertificate.first.key))
    try await LiveServer.run(await TestModel.quick()) {
      $0.certificate = CertificateFiles(chain: chain, key: key)
    } _: { server in
      try await Task.sleep(for: .milliseconds(1100))
      for text in [nil, "nonsense", TestCertificate.second.chain] {
        chain.write(text)
        #expect(try await Self.status(server, Self.last) == 200)
        try await Task.sleep(for: .milliseconds(1100))
      }
      key.write(TestCertificate.second.key)
      let answer = try await server.connect(trusting: .second) { connection in
        try await connection.send(Self.last)
        return try await connection.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 200 "))
      await #expect(throws: (any Error).self) { try await server.exchange(Self.last) }
    }
  }

  private static let wrongFiles: [(chain: String?, key: String?, reason: String)] = [
    (nil, TestCertificate.first.key, "chain.pem"), ("", TestCertificate.first.key, "BEGIN CERTIFICATE"),
    (TestCertificate.first.key, TestCertificate.first.key, "BEGIN CERTIFICATE"),
    (TestCertificate.first.chain, nil, "key.pem"), (TestCertificate.first.chain, "", "BEGIN PRIVATE KEY"),
    (TestCertificate.first.chain, TestCertificate.lockedKey, "without a password"),
    (TestCertificate.first.chain, TestCertificate.second.key, "not the key of the first certificate in chain.pem"),
  ]

  @Test(arguments: wrongFiles)
  func `A server does not begin with files that are wrong`(_ chain: String?, _ key: String?, _ reason: String) throws {
    var configuration = ServerConfiguration()
    let (chainFile, keyFile) = (MemoryFile("", path: "chain.pem"), MemoryFile("", path: "key.pem"))
    chainFile.write(chain)
    keyFile.write(key)
    configuration.certificate = CertificateFiles(chain: chainFile, key: keyFile)
    let error = #expect(throws: ServerError.self) { try configuration.validated() }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    #expect(error?.description.contains("MI") == false)
  }
}
