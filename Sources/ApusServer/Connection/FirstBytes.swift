internal import NIOCore
internal import NIOTLS

/// Tells by a connection's first bytes which version of HTTP its client speaks, where no TLS has said so.
///
/// A client that knows beforehand that it may speak HTTP/2 begins with a line that HTTP/1 does not have (RFC 9113, 3.4).
/// What it speaks is told as TLS tells what was agreed on; all bytes follow behind that.
final class FirstBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private var begun = ByteBuffer()
  private var isKnown = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isKnown else { return context.fireChannelRead(data) }
    var bytes = unwrapInboundIn(data)
    begun.writeBuffer(&bytes)
    let there = begun.readableBytesView.prefix(Self.preface.count)
    guard Self.preface.starts(with: there) else { return tell("http/1.1", context) }
    if there.count == Self.preface.count { tell("h2", context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Nothing more comes: who has not said that it is HTTP/2 gets the other one's answer.
    if !isKnown, case .inputClosed? = event as? ChannelEvent { tell("http/1.1", context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func tell(_ version: String, _ context: ChannelHandlerContext) {
    isKnown = true
    context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: version))
    let bytes = begun
    begun = ByteBuffer()
    if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
  }
}
