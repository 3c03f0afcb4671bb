internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP2
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP2

/// Keeps one request of an HTTP/2 connection within its limits, and notices when its client gives it up.
///
/// A request counts like a connection: it takes a place among them, and gives way where its client keeps the server
/// waiting. A body that comes too slowly is answered with 408, too many header fields with 431. A response to a request
/// whose body was not read asks the client to stop sending it. All methods run on the connection's event loop.
final class StreamGuard: ChannelDuplexHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let connection: HTTP2Connection
  private let timeouts: ServerTimeouts
  private let limits: RequestLimits
  private let connections: Connections
  private let bodyLimit: BodyLimit
  private let presence = ClientPresence()
  /// How fast the body comes.
  private var pace: BodyPace
  private var bodyDeadline: Scheduled<Void>?
  private var writeDeadline: Scheduled<Void>?
  /// Whether more of the request may come.
  private var isReading = true
  private var isAnswering = false
  /// Whether the whole answer was written; its client may not have taken it yet.
  private var hasAnswered = false
  /// Whether the request was answered here; what comes of it, or of the application, is dropped.
  private var isRefused = false
  private var hasBegun = false
  private var hasEnded = false
  private var departure: AnswerEnd?

  /// `bodyLimit` says how large the body of a request may be.
  init(
    _ connection: HTTP2Connection, timeouts: ServerTimeouts, limits: RequestLimits, connections: Connections,
    bodyLimit: @escaping BodyLimit
  ) {
    self.connection = connection
    (self.timeouts, self.limits, self.connections) = (timeouts, limits, connections)
    self.bodyLimit = bodyLimit
    pace = BodyPace(timeouts)
  }

  func channelActive(context: ChannelHandlerContext) {
    hasBegun = true
    connection.streamBegins()
    if !connections.open(context.channel, presence) { reset(.refusedStream, context) }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    ended(context)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { ended(context) }

  private func ended(_ context: ChannelHandlerContext) {
    guard hasBegun, !hasEnded else { return }
    hasEnded = true
    bodyDeadline?.cancel()
    writeDeadline?.cancel()
    (bodyDeadline, writeDeadline) = (nil, nil)
    connections.remove(context.channel)
    presence.leave(departure ?? connection.departure)
    connection.streamEnds()
  }

  private func reset(_ code: NIOHTTP2.HTTP2ErrorCode, _ context: ChannelHandlerContext) {
    context.triggerUserOutboundEvent(NIOHTTP2FramePayloadToHTTPEvent.reset(code: code), promise: nil)
  }

  // MARK: The request

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context)
    case .body(let bytes):
      if pace.take(bytes.readableBytes) { connections.set(context.channel, isWaiting: true) }
      context.fireChannelRead(data)
    case .end:
      isReading = false
      bodyDeadline?.cancel()
      bodyDeadline = nil
      connections.set(context.channel, isWaiting: false)
      context.fireChannelRead(data)
    }
  }

  private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    var head = head
    guard head.headerFields.count <= limits.headerCount else {
      return refuse(Refusal(.headerTooLarge, "the request's header is too large"), context)
    }
    // The host is named by the authority; a field beside it must say the same.
    let hosts = head.headerFields.filter { $0.name.canonicalName == "host" }.map(\.value)
    guard hosts.count <= 1, let host = head.authority ?? hosts.first,
      hosts.first.map({ $0.lowercased() == host.lowercased() }) ?? true
    else {
      return refuse(Refusal(.invalidHost, "a request must name its host once"), context)
    }
    head.authority = host
    head.headerFields.removeAll { $0.name.canonicalName == "host" }
    pace = BodyPace(timeouts)
    awaitBody(context)
    let announced = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
    if head.headerFields[.expect]?.lowercased() == "100-continue", announced <= bodyLimit(head) {
      context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  /// Waits for the rest of the body for as long as that has time.
  private func awaitBody(_ context: ChannelHandlerContext) {
    if let left = pace.timeLeft() {
      bodyDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: left) { self.awaitBody(context) }
    } else if isAnswering {
      reset(.cancel, context)
    } else {
      refuse(.requestTimeout, context)
    }
  }

  /// Answers in place of the application.
  private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    // Nobody knows yet which path, and so which dialect, it would have been.
    let dialect = Routes.standardDialect
    write(context: context, data: wrapOutboundOut(.head(dialect.response(to: refusal).head)), promise: nil)
    context.write(wrapOutboundOut(.body(ByteBuffer(json: dialect.error(refusal).body))), promise: nil)
    write(context: context, data: wrapOutboundOut(.end(nil)), promise: nil)
    isRefused = true
  }

  // MARK: The response

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isRefused else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(let head) where head.status.kind != .informational:
      isAnswering = true
      if head.status.kind == .clientError { connection.refused() }
      context.write(data, promise: promise)
    case .end:
      // A small answer waits for its client, too, without filling any buffer.
      hasAnswered = true
      awaitReader(context)
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      context.writeAndFlush(data, promise: written)
      written.futureResult.assumeIsolated().whenSuccess {
        // The answer has gone, and what has not come of the request nobody needs.
        if self.isReading, !self.hasEnded { self.reset(.noError, context) }
      }
    default: context.write(data, promise: promise)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    awaitReader(context)
    context.fireChannelWritabilityChanged()
  }

  /// Sets the time in which the client must take what is there for it.
  private func awaitReader(_ context: ChannelHandlerContext) {
    writeDeadline?.cancel()
    writeDeadline = nil
    let waits = !context.channel.isWritable || hasAnswered
    if waits {
      writeDeadline = schedule(timeouts.writeStall, context) { $0.end(.readerStalled, $1) }
    }
    connections.set(context.channel, isWaiting: waits || isReading)
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let event = event as? Connections.End else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    end(event.reason, context)
    promise?.succeed()
  }

  /// Gives the request up, whatever it is about.
  private func end(_ reason: AnswerEnd, _ context: ChannelHandlerContext) {
    departure = reason
    reset(.cancel, context)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all else {
      // A stream has no halves to close: the end of an answer is a part of it, and nobody is to hear of what still comes.
      if mode == .input { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
      promise?.succeed()
      return
    }
    context.close(promise: promise)
  }

  private func schedule(
    _ delay: Duration, _ context: ChannelHandlerContext,
    _ action: @escaping (StreamGuard, ChannelHandlerContext) -> Void
  ) -> Scheduled<Void> {
    context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { action(self, context) }
  }
}
