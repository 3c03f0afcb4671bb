internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Keeps one connection within its time limits, and notices when its client leaves.
///
/// A header or body that comes too slowly is answered with 408, bytes that are no HTTP with 400 or 431. A response to
/// a request whose body was not read closes the connection: first its own half, then, a second later, the rest, so that
/// the client can still read the response. All methods run on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let timeouts: ServerTimeouts
  private let bodyByteLimit: Int
  private let clients: ConnectedClients
  private let presence = ClientPresence()
  private var exchanges = ExchangeCount()
  private var inputDeadline: Scheduled<Void>?
  private var writeDeadline: Scheduled<Void>?
  /// Whether the connection ends with the response that is being written.
  private var closesAfterResponse = false
  /// Whether our half is closed; what comes is dropped until the rest closes.
  private var isLingering = false
  private static let lingering = Duration.seconds(1)

  init(timeouts: ServerTimeouts, bodyByteLimit: Int, clients: ConnectedClients) {
    self.timeouts = timeouts
    self.bodyByteLimit = bodyByteLimit
    self.clients = clients
  }

  func handlerAdded(context: ChannelHandlerContext) {
    clients.add(presence, of: context.channel)
    UnsentBytes.bound(on: context.channel)
    let watcher = ByteWatcher { [unowned self] in bytesArrived(context) }
    try? context.pipeline.syncOperations.addHandler(watcher, position: .first)
  }

  func handlerRemoved(context: ChannelHandlerContext) { end(context) }

  func channelInactive(context: ChannelHandlerContext) {
    end(context)
    context.fireChannelInactive()
  }

  private func end(_ context: ChannelHandlerContext) {
    inputDeadline?.cancel()
    writeDeadline?.cancel()
    inputDeadline = nil
    writeDeadline = nil
    clients.remove(context.channel)
    presence.leave()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { presence.leave() }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Requests

  private func bytesArrived(_ context: ChannelHandlerContext) {
    guard !isLingering, !exchanges.isReading, inputDeadline == nil else { return }
    inputDeadline = schedule(timeouts.header, context) { $0.inputIsLate($1) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isLingering else { return }
    let part = unwrapInboundIn(data)
    switch part {
    case .head(let head):
      exchanges.requestBegins()
      inputDeadline?.cancel()
      inputDeadline = schedule(timeouts.body, context) { $0.inputIsLate($1) }
      if head.headerFields[.connection]?.lowercased() == "close" { closesAfterResponse = true }
      inviteBody(head, context)
    case .body: break
    case .end:
      exchanges.requestEnds()
      inputDeadline?.cancel()
      inputDeadline = nil
    }
    context.fireChannelRead(data)
  }

  /// Asks for the body where the client waits for that before it sends one.
  private func inviteBody(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    guard head.headerFields[.expect]?.lowercased() == "100-continue", !exchanges.isAnswering,
      (head.headerFields[.contentLength].flatMap { Int($0) } ?? 0) <= bodyByteLimit
    else { return }
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  private func inputIsLate(_ context: ChannelHandlerContext) {
    inputDeadline = nil
    if exchanges.isAnsweringEarlier {
      inputDeadline = schedule(.seconds(1), context) { $0.inputIsLate($1) }
    } else if exchanges.isAnswering {
      context.close(promise: nil)
    } else {
      refuse(.timeout, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if !isLingering, !exchanges.isAnswering, !exchanges.isAnsweringEarlier, let refusal = Self.refusal(of: error) {
      refuse(refusal, context)
    }
    context.fireErrorCaught(error)
  }

  private static func refusal(of error: any Error) -> APIError? {
    switch error {
    case HTTPParserError.headerOverflow:
      APIError(
        .requestHeaderFieldsTooLarge, type: "invalid_request_error", "the request's header is too large",
        code: "header_too_large")
    case is HTTPParserError: .invalid(nil, "this is not a valid HTTP/1.1 request", code: "invalid_http")
    case is ChannelError, is IOError: nil
    default: .invalid(nil, "this is not a valid HTTP/1.1 request", code: "invalid_http")
    }
  }

  /// Answers in place of the application, and ends the connection.
  private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
    let response = error.response
    var head = response.head
    head.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(ByteBuffer(json: error.json))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    linger(context)
  }

  private func linger(_ context: ChannelHandlerContext) {
    isLingering = true
    inputDeadline?.cancel()
    context.close(mode: .output, promise: nil)
    inputDeadline = schedule(Self.lingering, context) { $1.close(promise: nil) }
  }

  // MARK: Responses

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isLingering else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(var head) where head.status.kind != .informational:
      exchanges.responseBegins()
      if exchanges.isReading, exchanges.isAnsweringLast { closesAfterResponse = true }
      if closesAfterResponse, exchanges.isAnsweringLast { head.headerFields[.connection] = "close" }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end(let trailers):
      let isLast = exchanges.isAnsweringLast
      exchanges.responseEnds()
      guard closesAfterResponse, isLast else { return context.write(data, promise: promise) }
      context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: promise)
      linger(context)
    default:
      context.write(data, promise: promise)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeDeadline?.cancel()
    writeDeadline = nil
    if !context.channel.isWritable {
      writeDeadline = schedule(timeouts.writeStall, context) { $1.close(promise: nil) }
    }
    context.fireChannelWritabilityChanged()
  }

  private func schedule(
    _ delay: Duration, _ context: ChannelHandlerContext,
    _ action: @escaping (ConnectionGuard, ChannelHandlerContext) -> Void
  ) -> Scheduled<Void> {
    context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { action(self, context) }
  }
}

/// Tells that bytes have come, before anyone knows what they mean.
private final class ByteWatcher: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let onBytes: () -> Void

  init(_ onBytes: @escaping () -> Void) { self.onBytes = onBytes }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    onBytes()
    context.fireChannelRead(data)
  }
}
