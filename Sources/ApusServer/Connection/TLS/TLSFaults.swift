internal import NIOCore

/// Keeps what goes wrong in TLS from those who read requests.
///
/// It is no fault of a request, and the connection ends anyhow. A client that closes its half without TLS's farewell only
/// sends nothing more: what belongs to a request HTTP itself tells. Stands behind TLS.
final class TLSFaults: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is IOError || error is ChannelError { context.fireErrorCaught(error) }
  }
}
