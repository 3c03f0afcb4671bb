internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS

/// How many bytes the body of a request may have.
typealias BodyLimit = @Sendable (HTTPRequest) -> Int

/// How a connection is set up and answered: the socket's guard, TLS where there is a certificate, and what is spoken, which
/// TLS or the client's first bytes tell.
struct ConnectionChannel: ServerChildChannel {
  /// What is spoken on a connection, once that is agreed.
  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let conversation: EventLoopFuture<Conversation>
  }

  /// How requests come: one after the other, or each on a stream of its own.
  enum Conversation: Sendable {
    case requests(HTTP1Channel.Value)
    case streams(HTTP2Setup.Streams)
  }

  /// The versions of HTTP that a client may choose from.
  static let protocols = ["h2", "http/1.1"]

  private let http1: HTTP1Channel
  private let http2: HTTP2Setup
  private let timeouts: ServerTimeouts
  private let connections: Connections
  private let certificate: Certificate?

  init(
    _ configuration: ServerConfiguration, _ connections: Connections, _ certificate: Certificate?,
    bodyLimit: @escaping BodyLimit, responder: @escaping HTTPChannelHandler.Responder
  ) {
    let (limits, timeouts) = (configuration.limits, configuration.timeouts)
    self.timeouts = timeouts
    self.connections = connections
    self.certificate = certificate
    http2 = HTTP2Setup(limits: limits, timeouts: timeouts, connections: connections, bodyLimit: bodyLimit)
    http1 = HTTP1Channel(
      responder: responder,
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [
          ConnectionGuard(timeouts: timeouts, limits: limits, connections: connections, bodyLimit: bodyLimit)
        ],
        idleTimeout: TimeAmount(timeouts.idle),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerByteCount, maxHeaderListSize: limits.headerByteCount,
          maxHeaderFieldCount: limits.headerCount)))
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let socket = SocketGuard(timeouts: timeouts, connections: connections, isSecure: certificate != nil)
    let agreement = agreement(socket, logger)
    do {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(socket)
      if let certificate {
        try pipeline.addHandlers([NIOSSLServerHandler(context: certificate.context), TLSFaults()])
      } else {
        try pipeline.addHandler(FirstBytes())
      }
      try pipeline.addHandler(agreement)
      return channel.eventLoop.makeSucceededFuture(
        Value(channel: channel, conversation: agreement.protocolNegotiationResult))
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  /// Waits until TLS has begun, or the client to speak, and sets up what was agreed on.
  private func agreement(
    _ socket: SocketGuard, _ logger: Logger
  ) -> NIOTypedApplicationProtocolNegotiationHandler<Conversation> {
    NIOTypedApplicationProtocolNegotiationHandler { agreed, channel in
      socket.handshakeEnded()
      guard case .negotiated("h2") = agreed else {
        return http1.setup(channel: channel, logger: logger).map { .requests($0) }
      }
      return channel.eventLoop.makeCompletedFuture { .streams(try http2.add(to: channel)) }
    }
  }

  func handle(value: Value, logger: Logger) async {
    // A connection that ended before anything was agreed on has nothing to answer.
    guard let conversation = try? await value.conversation.get() else { return }
    switch conversation {
    case .requests(let requests): await http1.handle(value: requests, logger: logger)
    case .streams(let streams): await handle(streams, logger)
    }
  }

  /// Answers the requests of one connection side by side.
  private func handle(_ streams: HTTP2Setup.Streams, _ logger: Logger) async {
    await withDiscardingTaskGroup { tasks in
      do {
        for try await stream in streams.inbound {
          tasks.addTask { await http1.handle(value: stream, logger: logger) }
        }
      } catch {
        // The connection has ended, and with it every request on it.
      }
    }
  }
}
