internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Keeps one connection of HTTP/1 within its limits, and notices when its client leaves.
///
/// A header or body that comes too slowly is answered with 408, bytes that are no HTTP with 400 or 431; a connection
/// that sends nothing at all closes without a word. A response to a request whose body was not read closes the
/// connection: first its own half, then, a second later, the rest, so that the client can still read the response. So
/// does the last of the refusals that a connection gets. All methods run on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler, InputReader {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let timeouts: ServerTimeouts
  private let limits: RequestLimits
  private let connections: Connections
  private let bodyLimit: BodyLimit
  private var context: ChannelHandlerContext?
  private var socket: SocketGuard?
  private var pacer: RequestPacer?
  private let hostField = HostField()
  private var exchanges = ExchangeCount()
  /// Bytes of the request's body that have not come; nil where it does not say how long it is.
  private var bodyByteCountLeft: Int?
  /// How fast that body comes.
  private var pace: BodyPace
  private var refusals = 0
  /// Grows with requests that did not wait for the answer before.
  private var haste = 0
  /// Whether the next request has to wait a moment.
  private var isPausing = false
  /// Succeeds when the last answer has gone to the system.
  private var answerWritten: EventLoopFuture<Void>?
  private var inputDeadline: Scheduled<Void>?
  private var probe: Scheduled<Void>?
  /// Whether the request that is waited for has begun.
  private var hasInput = false
  /// Whether the connection ends with the response that is being written, or with the next.
  private var closesAfterResponse = false
  /// Whether our half is closed; what comes is dropped until the rest closes.
  private var isLingering = false
  private static let lingering = Duration.seconds(1)
  /// Milliseconds between the requests of a connection that is in haste.
  private static let slowest = 100

  /// `bodyLimit` says how large the body of a request may be.
  init(
    timeouts: ServerTimeouts, limits: RequestLimits, connections: Connections, bodyLimit: @escaping BodyLimit
  ) {
    self.timeouts = timeouts
    self.limits = limits
    self.connections = connections
    self.bodyLimit = bodyLimit
    pace = BodyPace(timeouts)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let (pacer, pipeline) = (RequestPacer(reader: self), context.pipeline.syncOperations)
    self.pacer = pacer
    do {
      socket = try pipeline.handler(type: SocketGuard.self)
      let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
      try pipeline.addHandler(pacer, position: .before(parser))
      try pipeline.addHandler(hostField, position: .after(parser))
      try pipeline.addHandler(BodyPieces(), position: .before(self))
    } catch {
      context.close(promise: nil)
    }
    awaitFirstRequest(context)
  }

  func channelActive(context: ChannelHandlerContext) {
    awaitFirstRequest(context)
    context.fireChannelActive()
  }

  private func awaitFirstRequest(_ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    inputDeadline = schedule(timeouts.header, context) { $0.inputIsLate($1) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    inputDeadline?.cancel()
    probe?.cancel()
    inputDeadline = nil
    probe = nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { closesAfterResponse = true }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Requests

  var demand: InputDemand {
    // Who was refused too often is not listened to any more.
    if isLingering { return refusals >= limits.refusalsPerConnection ? .nothing : .noMore }
    if exchanges.isReading { return bodyByteCountLeft.map { .body(byteCount: $0) } ?? .chunks }
    return exchanges.isIdle && !isPausing ? .request : .nothing
  }

  func requestArrives() {
    hasInput = true
    guard inputDeadline == nil, let context else { return }
    inputDeadline = schedule(timeouts.header, context) { $0.inputIsLate($1) }
  }

  /// The client may have left, or wait for its answer: what is written to it from now on will tell.
  ///
  /// In TLS it has left: its farewell ends the connection, and many wait for ours before they close.
  func inputEnded() {
    guard exchanges.isAnsweringEarlier, let context else { return }
    if let socket, socket.isSecure { return socket.end(.clientLeft) }
    socket?.presence.endInput()
    probeLater(context)
  }

  /// Sends what means nothing, every second, to a client that may have left, until its answer begins.
  ///
  /// HTTP/1.0 has no such thing.
  private func probeLater(_ context: ChannelHandlerContext) {
    probe = schedule(.seconds(1), context) { connection, context in
      guard !connection.isLingering, connection.exchanges.isAnsweringEarlier else { return }
      if !connection.exchanges.isAnswering, connection.hostField.version != .http1_0 {
        context.writeAndFlush(connection.wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
      connection.probeLater(context)
    }
  }

  func inputDropped() { closesAfterResponse = true }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isLingering else { return }
    let part = unwrapInboundIn(data)
    switch part {
    case .head(let head):
      exchanges.requestBegins()
      hasInput = false
      bodyByteCountLeft = Self.bodyByteCount(head)
      inputDeadline?.cancel()
      pace = BodyPace(timeouts)
      awaitBody(context)
      let connection = head.headerFields[.connection]?.lowercased()
      if connection == "close" || (hostField.version == .http1_0 && connection != "keep-alive") {
        closesAfterResponse = true
      }
      inviteBody(head, context)
    case .body(let bytes):
      bodyByteCountLeft? -= bytes.readableBytes
      if pace.take(bytes.readableBytes) { connections.set(context.channel, isWaiting: true) }
    case .end:
      exchanges.requestEnds()
      connections.set(context.channel, isWaiting: false)
      inputDeadline?.cancel()
      inputDeadline = nil
    }
    context.fireChannelRead(data)
  }

  /// The bytes of a request's body; nil where its end alone tells.
  private static func bodyByteCount(_ head: HTTPRequest) -> Int? {
    head.headerFields[.transferEncoding] == nil ? head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 : nil
  }

  /// Asks for the body where the client waits for that before it sends one.
  private func inviteBody(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    guard head.headerFields[.expect]?.lowercased() == "100-continue", !exchanges.isAnswering,
      Self.bodyByteCount(head) ?? 0 <= bodyLimit(head)
    else { return }
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  /// Waits for the rest of the body for as long as that has time.
  private func awaitBody(_ context: ChannelHandlerContext) {
    guard let left = pace.timeLeft() else { return inputIsLate(context) }
    inputDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: left) { self.awaitBody(context) }
  }

  private func inputIsLate(_ context: ChannelHandlerContext) {
    inputDeadline = nil
    if exchanges.isAnsweringEarlier {
      inputDeadline = schedule(.seconds(1), context) { $0.inputIsLate($1) }
    } else if exchanges.isAnswering || (!exchanges.isReading && !hasInput) {
      socket?.close()
    } else {
      refuse(.requestTimeout, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if !isLingering, !exchanges.isAnswering, !exchanges.isAnsweringEarlier, let refusal = Self.refusal(of: error) {
      refuse(refusal, context)
    }
    context.fireErrorCaught(error)
  }

  private static func refusal(of error: any Error) -> Refusal? {
    switch error {
    case HTTPParserError.headerOverflow:
      Refusal(.headerTooLarge, "the request's header is too large")
    case is HTTPParserError: Refusal(.invalidHTTP, "this is not a valid HTTP/1.1 request")
    case is HostField.Invalid: Refusal(.invalidHost, "a request must name its host in one Host field")
    case is ChannelError, is IOError: nil
    default: Refusal(.invalidHTTP, "this is not a valid HTTP/1.1 request")
    }
  }

  /// Answers in place of the application, and ends the connection.
  private func refuse(_ error: Refusal, _ context: ChannelHandlerContext) {
    // Nobody knows yet which path, and so which dialect, it would have been.
    let dialect = Routes.standardDialect
    var head = dialect.response(to: error).head
    head.headerFields[.connection] = "close"
    let written = context.eventLoop.makePromise(of: Void.self)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(ByteBuffer(json: dialect.error(error).body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    linger(after: written.futureResult, context)
  }

  /// Closes when the last answer is on its way: our half at once, the rest a second later.
  private func linger(after written: EventLoopFuture<Void>, _ context: ChannelHandlerContext) {
    isLingering = true
    inputDeadline?.cancel()
    inputDeadline = schedule(timeouts.writeStall, context) { connection, _ in connection.socket?.close() }
    written.assumeIsolated().whenComplete { [self] _ in
      guard self.context != nil else { return }
      context.close(mode: .output, promise: nil)
      inputDeadline?.cancel()
      inputDeadline = schedule(Self.lingering, context) { connection, _ in connection.socket?.close() }
    }
    context.eventLoop.assumeIsolated().execute { self.pacer?.resume() }
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
      if head.status.kind == .clientError { refusals += 1 }
      if refusals >= limits.refusalsPerConnection { closesAfterResponse = true }
      if exchanges.isReading, exchanges.isAnsweringLast { closesAfterResponse = true }
      if closesAfterResponse, exchanges.isAnsweringLast { head.headerFields[.connection] = "close" }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end:
      let isLast = exchanges.isAnsweringLast
      exchanges.responseEnds()
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      answerWritten = written.futureResult
      context.writeAndFlush(data, promise: written)
      if closesAfterResponse, isLast {
        linger(after: written.futureResult, context)
      } else if exchanges.isIdle {
        connections.set(context.channel, isWaiting: true)
        awaitNextRequest(context)
      }
    default:
      context.write(data, promise: promise)
    }
  }

  /// Takes the next request in a turn of its own, so that one connection does not keep the others waiting.
  ///
  /// The more requests come without waiting for an answer, or are refused, the later the next is taken: a flood of them
  /// costs little, and whoever asks and waits does not notice.
  private func awaitNextRequest(_ context: ChannelHandlerContext) {
    haste = pacer?.hasMore == true ? min(haste + 1, Self.slowest) : haste / 2
    isPausing = true
    let pause = TimeAmount.milliseconds(Int64(min(haste + refusals, Self.slowest)))
    context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
      self.isPausing = false
      self.pacer?.resume()
    }
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch mode {
    case .all where isLingering:
      // What was answered last may still be on its way: the rest closes in time by itself.
      promise?.succeed()
    case .output:
      // Where the client's half is closed already, all closes at once: the answer must have gone before.
      guard let answerWritten else { return context.close(mode: mode, promise: promise) }
      answerWritten.assumeIsolated().whenComplete { _ in context.close(mode: mode, promise: promise) }
    case .input where socket?.isSecure == true:
      // TLS has no such thing: nobody is to hear of what still comes.
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      promise?.succeed()
    default:
      context.close(mode: mode, promise: promise)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    connections.set(context.channel, isWaiting: !context.channel.isWritable || !exchanges.isAnsweringEarlier)
    context.fireChannelWritabilityChanged()
  }

  private func schedule(
    _ delay: Duration, _ context: ChannelHandlerContext,
    _ action: @escaping (ConnectionGuard, ChannelHandlerContext) -> Void
  ) -> Scheduled<Void> {
    context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { action(self, context) }
  }
}
