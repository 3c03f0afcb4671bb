internal import Foundation
internal import NIOCore

/// Stops accepting connections for a moment when the system has no descriptor or memory for one.
///
/// Without it the event loop would try again at once, and for ever: the connection is still there.
final class AcceptPause: ChannelInboundHandler {
  typealias InboundIn = Channel

  private static let pause = TimeAmount.milliseconds(100)
  private static let passing: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED]

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, Self.passing.contains(error.errnoCode) else {
      return context.fireErrorCaught(error)
    }
    let channel = context.channel
    try? channel.syncOptions?.setOption(.autoRead, value: false)
    context.eventLoop.scheduleTask(in: Self.pause) {
      _ = channel.setOption(.autoRead, value: true)
    }
  }
}
