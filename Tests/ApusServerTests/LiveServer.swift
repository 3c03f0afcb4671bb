internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Hummingbird
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A server on a real socket, for what only bytes can show.
struct LiveServer: Sendable {
  let port: Int

  /// Runs `body` while a server of `model` listens on a free port.
  static func run(
    _ model: TestModel, _ configure: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (LiveServer) async throws -> Void
  ) async throws {
    var configuration = ServerConfiguration()
    configuration.allowedHosts = ["x"]
    configure(&configuration)
    let pool = ModelPool(model.model, name: "tiny")
    let server = try Server(pool, configuration: configuration, logger: TestServer.silent)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let application = server.application(listeningOn: ListenAddress(host: "127.0.0.1", port: 0)) { address in
      ready.yield(address.port)
    }
    let running = Task { try await application.run() }
    defer { running.cancel() }
    for await port in ports {
      try await body(LiveServer(port: port))
      return
    }
  }

  /// Opens a connection and closes it after `body`.
  func connect<Result: Sendable>(
    _ body: @escaping @Sendable (RawConnection) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      try await body(RawConnection(inbound: inbound, outbound: outbound))
    }
  }

  /// Sends bytes on a new connection and gives what comes until the server closes it.
  func exchange(_ text: String) async throws -> String {
    try await connect { connection in
      try await connection.send(text)
      return try await connection.readToEnd()
    }
  }
}

/// One TCP connection, byte by byte.
struct RawConnection: Sendable {
  let inbound: NIOAsyncChannelInboundStream<ByteBuffer>
  let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let received = Received()

  init(inbound: NIOAsyncChannelInboundStream<ByteBuffer>, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
    self.inbound = inbound
    self.outbound = outbound
  }

  func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

  /// Says that nothing more is sent.
  func finishSending() { outbound.finish() }

  /// Everything until the server closes; a reset counts as that.
  func readToEnd() async throws -> String {
    do {
      for try await buffer in inbound { received.add(buffer) }
    } catch is IOError {}
    return received.text
  }
}

/// The bytes that have come on a connection.
private final class Received: Sendable {
  private let bytes = Mutex<[UInt8]>([])

  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

  func add(_ buffer: ByteBuffer) { bytes.withLock { $0 += buffer.readableBytesView } }
}
