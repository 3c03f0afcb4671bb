internal import Foundation
internal import NIOCore

/// The network's end of one connection, whatever is spoken on it.
///
/// It takes its place among all connections and gives it back, ends the connection where the client takes nothing or must
/// give way, and knows why it ended. It stands before everything else, so that an end waits for nobody: TLS would first
/// wait for the client's farewell. All methods run on the connection's event loop.
final class SocketGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Whoever asks on the connection, where it has one exchange at a time.
  let presence = ClientPresence()
  /// Whether it speaks TLS.
  let isSecure: Bool
  private let timeouts: ServerTimeouts
  private let connections: Connections
  private var context: ChannelHandlerContext?
  private var writeDeadline: Scheduled<Void>?
  private var handshakeDeadline: Scheduled<Void>?
  /// Whether it is not known yet what is spoken.
  private var isHandshaking = true
  /// What ends an answer when the connection ends.
  private(set) var departure = AnswerEnd.clientLeft

  init(timeouts: ServerTimeouts, connections: Connections, isSecure: Bool) {
    self.isSecure = isSecure
    self.timeouts = timeouts
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // An option that the system refuses changes no answer.
    try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    UnsentBytes.bound(on: context.channel)
    endStalledWrites(context)
  }

  /// Lets the system end the connection, too, when the client takes nothing: it alone sees what waits in its buffers.
  private func endStalledWrites(_ context: ChannelHandlerContext) {
    #if canImport(Glibc) || canImport(Musl)
      let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT))
      let seconds = min(max(1, timeouts.writeStall.components.seconds), 86_400)
      try? context.channel.syncOptions?.setOption(option, value: Int(seconds) * 1000)
    #endif
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    ended(context)
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    if !connections.open(context.channel, presence) {
      context.close(promise: nil)
    } else if isHandshaking {
      handshakeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeouts.header)) {
        self.close()
      }
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    ended(context)
    context.fireChannelInactive()
  }

  private func ended(_ context: ChannelHandlerContext) {
    writeDeadline?.cancel()
    writeDeadline = nil
    handshakeDeadline?.cancel()
    handshakeDeadline = nil
    connections.remove(context.channel)
    presence.leave(departure)
  }

  /// From now on those behind it see to it that the client goes on.
  func handshakeEnded() {
    isHandshaking = false
    handshakeDeadline?.cancel()
    handshakeDeadline = nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // As the server ends, nobody behind it hears of that yet.
    if event is ChannelShouldQuiesceEvent, isHandshaking { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The system's own limit for a client that takes nothing.
    if let error = error as? IOError, error.errnoCode == ETIMEDOUT { departure = .readerStalled }
    context.fireErrorCaught(error)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeDeadline?.cancel()
    writeDeadline = nil
    if !context.channel.isWritable {
      writeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeouts.writeStall)) {
        self.end(.readerStalled)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let event = event as? Connections.End else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    end(event.reason, promise: promise)
  }

  /// Closes the connection at once; `reason` is what ends answers on it.
  func end(_ reason: AnswerEnd, promise: EventLoopPromise<Void>? = nil) {
    departure = reason
    if let context { context.close(promise: promise) } else { promise?.succeed() }
  }

  /// Closes what is left of a connection whose answers have ended.
  func close() { context?.close(promise: nil) }
}
