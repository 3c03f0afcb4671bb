internal import NIOCore
internal import NIOHTTPTypes

/// Puts together the pieces of a request's body that come at once.
///
/// A body of tiny chunks then costs what any other of its size does. Stands before what counts the pieces.
final class BodyPieces: ChannelInboundHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private var pending: ByteBuffer?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .body(var bytes) = unwrapInboundIn(data) else {
      handOver(context)
      return context.fireChannelRead(data)
    }
    if pending == nil { pending = bytes } else { pending?.writeBuffer(&bytes) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    handOver(context)
    context.fireChannelReadComplete()
  }

  private func handOver(_ context: ChannelHandlerContext) {
    guard let bytes = pending.take() else { return }
    context.fireChannelRead(wrapInboundOut(.body(bytes)))
  }
}
