internal import Apus
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import NIOCore
internal import NIOPosix
internal import Testing

/// What a server does before it is ready.
@Suite(.timeLimit(.minutes(2)))
struct StartTests {
  private struct Failed: Error {}

  private static let healthPaths = ["/health", "/health/ready", "/ping", "/"]

  private func server(port: Int, files: FileFolder? = nil) async throws -> Server {
    var configuration = ServerConfiguration()
    configuration.listen = [ListenAddress(host: "127.0.0.1", port: port)]
    configuration.allowedHosts = ["x"]
    configuration.files = files
    let pool = ModelPool(try await TestModel.quick().model, name: "tiny")
    return try Server(pool, configuration: configuration, logger: TestServer.silent)
  }

  /// A port that nobody listens on.
  private func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(channel.localAddress?.port)
    try await channel.close()
    return port
  }

  private func status(_ server: LiveServer, _ path: String) async throws -> String {
    let answer = try await server.exchange("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return String(answer.dropFirst(9).prefix(3))
  }

  @Test func `It listens while it loads, and its health says when it is ready`() async throws {
    let port = try await freePort()
    let server = try await server(port: port)
    let (gate, loaded) = AsyncStream.makeStream(of: Void.self)
    let (readiness, ready) = AsyncStream.makeStream(of: Void.self)
    let running = Task {
      try await server.run(
        handlesSignals: false, loading: { for await _ in gate {} }, onReady: { _ in ready.finish() }, endNow: {})
    }
    defer { running.cancel() }
    let live = LiveServer(port: port, isSecure: false)
    while (try? await status(live, "/health")) == nil { try await Task.sleep(for: .milliseconds(5)) }
    for path in Self.healthPaths { #expect(try await status(live, path) == "503", "\(path)") }
    #expect(try await status(live, "/v1/models") == "200")
    loaded.finish()
    for await _ in readiness {}
    for path in Self.healthPaths { #expect(try await status(live, path) == "200", "\(path)") }
  }

  @Test func `A load that fails ends it`() async throws {
    let server = try await server(port: 0)
    await #expect(throws: Failed.self) {
      try await server.run(handlesSignals: false, loading: { throw Failed() }, endNow: {})
    }
  }

  @Test func `A load that fails leaves batches as they were`() async throws {
    let folder = try TemporaryFolder()
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    // Whoever works on it finds that its file is gone.
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":4000000000,"status":"in_progress","times":{},"problems":[],"total":2,"completed":0,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try await server(port: 0, files: files)
    await #expect(throws: Failed.self) {
      try await server.run(
        handlesSignals: false,
        loading: {
          try await Task.sleep(for: .milliseconds(50))
          throw Failed()
        }, endNow: {})
    }
    #expect(try files.bytes(of: "batches/batch_1.json", from: 0, count: 1000) == Array(batch.utf8))
  }

  @Test func `It loads nothing where it cannot listen`() async throws {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let server = try await server(port: try #require(channel.localAddress?.port))
    await #expect(throws: ServerError.self) {
      try await server.run(handlesSignals: false, loading: { Issue.record("it has loaded") }, endNow: {})
    }
    try await channel.close()
  }
}
