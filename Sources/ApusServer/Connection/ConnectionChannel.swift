internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// How a connection is set up and answered: the socket's guard, then what is spoken on it.
struct ConnectionChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  private let http1: HTTP1Channel
  private let timeouts: ServerTimeouts
  private let connections: Connections

  init(
    _ configuration: ServerConfiguration, _ connections: Connections, responder: @escaping HTTPChannelHandler.Responder
  ) {
    let (limits, timeouts) = (configuration.limits, configuration.timeouts)
    self.timeouts = timeouts
    self.connections = connections
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
    do {
      try channel.pipeline.syncOperations.addHandler(SocketGuard(timeouts: timeouts, connections: connections))
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
    return http1.setup(channel: channel, logger: logger)
  }

  func handle(value: Value, logger: Logger) async { await http1.handle(value: value, logger: logger) }
}
