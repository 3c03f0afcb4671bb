internal import NIOCore
internal import NIOHTTP2

/// What the requests of one HTTP/2 connection have in common.
///
/// It says whether the client keeps the server waiting, closes a connection whose client begins no request, or is refused
/// too often, and ends all answers when the client leaves. All methods run on the connection's event loop.
final class HTTP2Connection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias InboundOut = HTTP2Frame

  private let socket: SocketGuard
  private let faults: HTTP2Faults
  private let timeouts: ServerTimeouts
  private let limits: RequestLimits
  private let connections: Connections
  private var context: ChannelHandlerContext?
  private var openStreams = 0
  private var refusals = 0
  private var firstRequest: Scheduled<Void>?

  init(
    _ socket: SocketGuard, _ faults: HTTP2Faults, timeouts: ServerTimeouts, limits: RequestLimits,
    connections: Connections
  ) {
    (self.socket, self.faults) = (socket, faults)
    (self.timeouts, self.limits, self.connections) = (timeouts, limits, connections)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    firstRequest = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeouts.header)) {
      self.socket.close()
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    firstRequest?.cancel()
    firstRequest = nil
    self.context = nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Without its half the client cannot say what it has taken: it has left.
    if case .inputClosed? = event as? ChannelEvent { return socket.close() }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What concerns one request alone has ended that already.
    if faults.endsConnection || error is IOError { context.close(promise: nil) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    tellWaiting()
    context.fireChannelWritabilityChanged()
  }

  /// A request has begun.
  func streamBegins() {
    firstRequest?.cancel()
    firstRequest = nil
    openStreams += 1
    tellWaiting()
  }

  /// A request has its answer, or has ended without.
  func streamEnds() {
    openStreams -= 1
    tellWaiting()
  }

  /// A request was refused; with the last that a connection may have, it ends in order.
  func refused() {
    refusals += 1
    // Who does not go when told to is not listened to any more. What was on its way then may still be refused.
    if refusals >= limits.refusalsPerConnection + HTTP2Setup.streamLimit { return socket.close() }
    guard refusals == limits.refusalsPerConnection, let context else { return }
    context.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
  }

  /// What ends answers on the connection.
  var departure: AnswerEnd { socket.departure }

  private func tellWaiting() {
    guard let channel = context?.channel else { return }
    connections.set(channel, isWaiting: openStreams == 0 || !channel.isWritable)
  }
}
