internal import NIOCore

/// What a connection can take next.
enum InputDemand: Equatable {
  /// The next request.
  case request
  /// So many bytes of the body that is being read.
  case body(byteCount: Int)
  /// A body whose length is not known.
  case chunks
  /// Nothing until the request before has its answer.
  case nothing
  /// Nothing any more: what comes is dropped.
  case noMore
}

/// Who says what a connection can take.
protocol InputReader: AnyObject {
  var demand: InputDemand { get }
  /// The first bytes of a request are handed over.
  func requestArrives()
  /// The client sends nothing more; what it has sent may still be handed over.
  func inputEnded()
  /// More has come than is kept; it was dropped.
  func inputDropped()
}

/// Hands a connection's bytes over request by request, and stops reading while one waits for its answer.
///
/// So a client that sends many requests at once costs the memory of one read and is served as often as others, and the
/// rest waits where it costs the client: in its own socket. Stands before the parser; it looks for the empty line that
/// ends a header and for nothing else.
final class RequestPacer: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Bytes that are kept; more comes only at the end of input, when the system hands over all it has.
  static let heldByteLimit = 128 << 10
  /// Bytes of a body of unknown length that are handed over at once: few requests fit behind its end.
  private static let chunkByteCount = 256

  private unowned let reader: any InputReader
  private var context: ChannelHandlerContext?
  private var held = ByteBuffer()
  private var scan = HeaderScan()
  private var line = RequestLineScan()
  private var isReadWanted = false
  private var isEndHeld = false

  init(reader: any InputReader) { self.reader = reader }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func read(context: ChannelHandlerContext) {
    if held.readableBytes == 0, reader.demand != .nothing { context.read() } else { isReadWanted = true }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if held.readableBytes == 0 {
      held = bytes
    } else if held.readableBytes + bytes.readableBytes <= Self.heldByteLimit {
      held.writeBuffer(&bytes)
    } else {
      reader.inputDropped()
    }
    handOver(context)
    if reader.demand == .noMore { context.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .inputClosed? = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
    isEndHeld = held.readableBytes > 0
    reader.inputEnded()
    if !isEndHeld { context.fireUserInboundEventTriggered(event) }
  }

  /// What the request that came last asks for; nil where too little of it has come to tell.
  var requestLine: RequestLine? { line.line }

  /// Whether more has come than was taken.
  var hasMore: Bool { held.readableBytes > 0 }

  /// Goes on after an answer has ended.
  func resume() {
    guard let context else { return }
    if held.readableBytes > 0 {
      handOver(context)
      context.fireChannelReadComplete()
    }
    guard held.readableBytes == 0, reader.demand != .nothing else { return }
    if isEndHeld {
      isEndHeld = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else if isReadWanted {
      isReadWanted = false
      context.read()
    }
  }

  private func handOver(_ context: ChannelHandlerContext) {
    while held.readableBytes > 0 {
      let byteCount: Int
      switch reader.demand {
      case .request:
        reader.requestArrives()
        if !scan.hasLine { line = RequestLineScan() }
        byteCount = scan.byteCountToEnd(held.readableBytesView)
        line.take(held.readableBytesView.prefix(byteCount))
      case .body(let left):
        scan = HeaderScan()
        byteCount = left
      case .chunks:
        scan = HeaderScan()
        byteCount = Self.chunkByteCount
      case .nothing: return
      case .noMore: return held.clear()
      }
      guard let part = held.readSlice(length: min(max(1, byteCount), held.readableBytes)) else { return }
      context.fireChannelRead(wrapInboundOut(part))
    }
  }
}

/// Finds the empty line behind a request's header, whose bytes may come in pieces.
struct HeaderScan {
  /// Whether a line that is not empty has begun.
  private(set) var hasLine = false
  private var isLineEmpty = true

  /// How many of `bytes` belong to the header; all of them where it does not end in them.
  mutating func byteCountToEnd(_ bytes: ByteBufferView) -> Int {
    for (offset, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "\n"):
        // Empty lines before a request mean nothing.
        if isLineEmpty, hasLine {
          self = HeaderScan()
          return offset + 1
        }
        isLineEmpty = true
      case UInt8(ascii: "\r"): break
      default:
        hasLine = true
        isLineEmpty = false
      }
    }
    return bytes.count
  }
}
