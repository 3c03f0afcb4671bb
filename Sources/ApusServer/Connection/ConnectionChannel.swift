internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// How a connection is set up and answered: the socket's guard, TLS where there is a certificate, and what is spoken.
struct ConnectionChannel: ServerChildChannel {
  /// What is spoken on a connection, once that is agreed.
  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let requests: EventLoopFuture<HTTP1Channel.Value>
  }

  /// The versions of HTTP that a client may choose from.
  static let protocols = ["http/1.1"]

  private let http1: HTTP1Channel
  private let timeouts: ServerTimeouts
  private let connections: Connections
  private let certificate: Certificate?

  init(
    _ configuration: ServerConfiguration, _ connections: Connections, _ certificate: Certificate?,
    responder: @escaping HTTPChannelHandler.Responder
  ) {
    let (limits, timeouts) = (configuration.limits, configuration.timeouts)
    self.timeouts = timeouts
    self.connections = connections
    self.certificate = certificate
    http1 = HTTP1Channel(
      responder: responder,
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [
          ConnectionGuard(timeouts: timeouts, limits: limits, connections: connections)
        ],
        idleTimeout: TimeAmount(timeouts.idle),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerByteCount, maxHeaderListSize: limits.headerByteCount,
          maxHeaderFieldCount: limits.headerCount)))
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let socket = SocketGuard(timeouts: timeouts, connections: connections, isSecure: certificate != nil)
    do {
      try channel.pipeline.syncOperations.addHandler(socket)
      guard let certificate else {
        return http1.setup(channel: channel, logger: logger).map { requests in
          Value(channel: channel, requests: channel.eventLoop.makeSucceededFuture(requests))
        }
      }
      let agreement = agreement(socket, logger)
      try channel.pipeline.syncOperations.addHandlers([
        NIOSSLServerHandler(context: certificate.context), TLSFaults(), agreement,
      ])
      return channel.eventLoop.makeSucceededFuture(
        Value(channel: channel, requests: agreement.protocolNegotiationResult))
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  /// Waits until TLS has begun, and sets up what was agreed on.
  private func agreement(
    _ socket: SocketGuard, _ logger: Logger
  ) -> NIOTypedApplicationProtocolNegotiationHandler<HTTP1Channel.Value> {
    NIOTypedApplicationProtocolNegotiationHandler { _, channel in
      socket.handshakeEnded()
      return http1.setup(channel: channel, logger: logger)
    }
  }

  func handle(value: Value, logger: Logger) async {
    // A connection that ended before anything was agreed on has nothing to answer.
    guard let requests = try? await value.requests.get() else { return }
    await http1.handle(value: requests, logger: logger)
  }
}
