internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// A server on a real socket, for what only bytes can show.
struct LiveServer: Sendable {
  let port: Int
  /// Whether it speaks TLS.
  let isSecure: Bool

  /// Runs `body` while a server of `model` listens on a free port.
  static func run(
    _ model: TestModel, logger: Logger = TestServer.silent,
    _ configure: (inout ServerConfiguration) -> Void = { _ in }, _ body: (LiveServer) async throws -> Void
  ) async throws {
    var configuration = ServerConfiguration()
    configuration.allowedHosts = ["x"]
    configure(&configuration)
    let pool = ModelPool(model.model, name: "tiny")
    let server = try Server(pool, configuration: configuration, logger: logger)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let application = server.application(listeningOn: ListenAddress(host: "127.0.0.1", port: 0)) { address in
      ready.yield(address.port)
    }
    await server.beginOwnWork()
    let running = Task { try await application.run() }
    defer { running.cancel() }
    for await port in ports {
      try await body(LiveServer(port: port, isSecure: configuration.certificate != nil))
      return
    }
  }

  /// Opens a connection and closes it after `body`; one that speaks TLS trusts only this certificate.
  func connect<Result: Sendable>(
    trusting certificate: TestCertificate = .first, offering protocols: [String] = [],
    _ body: @escaping @Sendable (RawConnection) async throws -> Result
  ) async throws -> Result {
    let tls = isSecure ? try certificate.clientContext(protocols) : nil
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
          }
          return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
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
  let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let received: Received

  init(inbound: NIOAsyncChannelInboundStream<ByteBuffer>, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
    received = Received(inbound)
    self.outbound = outbound
  }

  func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

  func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  /// Says that nothing more is sent.
  func finishSending() { outbound.finish() }

  /// Everything until the server closes; a reset counts as that, and so does TLS that ends without a farewell.
  func readToEnd() async throws -> String {
    String(decoding: try await read { _ in false }, as: UTF8.self)
  }

  /// Everything until `isDone` says so of what has come, or the server closes.
  func read(until isDone: ([UInt8]) throws -> Bool) async throws -> [UInt8] {
    do {
      while let buffer = try await received.next() {
        received.bytes += buffer.readableBytesView
        if try isDone(received.bytes) { break }
      }
    } catch is IOError {
    } catch NIOSSLError.uncleanShutdown {}
    return received.bytes
  }
}

/// The bytes that have come on a connection, which has one iterator whoever reads.
///
/// A test reads with one task at a time, so no lock is needed between threads.
private final class Received: @unchecked Sendable {
  var bytes: [UInt8] = []
  private let inbound: NIOAsyncChannelInboundStream<ByteBuffer>
  private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator?

  init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) { self.inbound = inbound }

  func next() async throws -> ByteBuffer? {
    var current = iterator ?? inbound.makeAsyncIterator()
    iterator = current
    return try await current.next()
  }
}

extension TestCertificate {
  /// TLS of a client that trusts this certificate alone.
  fileprivate func clientContext(_ protocols: [String]) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)))
    configuration.applicationProtocols = protocols
    return try NIOSSLContext(configuration: configuration)
  }
}
