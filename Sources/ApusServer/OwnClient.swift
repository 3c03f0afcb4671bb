internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Asks the server's own paths, as a client without a connection whose requests come behind all others.
struct OwnClient: Sendable {
  let service: ModelService
  let routes: Routes
  let book: RequestBook

  /// What a request was answered with.
  struct Answer: Sendable {
    let requestID: String
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]
    /// Whether nothing has cut it after its status was known, as may happen to a stream.
    let isWhole: Bool
    /// Seconds after which it may be answered where a limit, or memory, leaves no room for it now.
    let wait: Int?

    /// Whether it is what was asked for.
    var isGood: Bool { isWhole && (200..<300).contains(status) }
  }

  /// Posts a body to a path.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - headers: Header fields.
  ///   - body: The body.
  ///   - presence: Ends the work where it leaves.
  ///   - batch: The batch whose request it is, for the log.
  ///   - key: Finds the key that asks; what it throws is the answer.
  /// - Returns: The answer; what goes wrong is one, too.
  func post(
    _ path: String, _ headers: HTTPFields, _ body: ByteBuffer, _ presence: ClientPresence, batch: String? = nil,
    key: () throws(Refusal) -> APIKey?
  ) async -> Answer {
    let start = ContinuousClock.now
    let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: path, headerFields: headers)
    let request = Request(head: head, body: RequestBody(buffer: body))
    let route = routes.route(.post, path)
    var context = APIRequestContext(logger: service.logger)
    context.requestID = (route?.dialect ?? Routes.standardDialect).newRequestID()
    context.client = presence
    context.showsLife = false
    context.isBackground = true
    context.bodyByteCount = routes.bodyByteCount(of: head)
    context.outcome = RequestOutcome(book.trace(of: request, route: route?.path, .key))
    let response: Response
    do {
      context.key = try key()
      if let key = context.key { context.outcome.note(key: key.name) }
      guard let route else { throw Refusal.notFound }
      context.dialect = route.dialect
      response = try await route.handler(request, context)
    } catch {
      response = ErrorResponses.response(to: error, context)
    }
    let collector = BodyCollector()
    // An end that is known by now has made the status; one that comes while a stream is written stands in the body alone.
    let hasEnd = context.outcome.end != nil
    let isWritten = (try? await response.body.write(collector)) != nil
    let isWhole = isWritten && (hasEnd || context.outcome.end == nil)
    let entry = LogEntry(
      id: context.requestID, method: head.method.rawValue, path: path, sentStatus: response.status.code,
      outcome: context.outcome, ignoredFields: IgnoredFields.text(in: response.headers), start: start, batch: batch)
    let isToCome = [429, 503].contains(response.status.code)
    let wait = isToCome ? response.headers[.retryAfter].flatMap { Int($0) } : nil
    if wait == nil {
      book.close(entry, route: route?.path, .key)
    } else {
      // It is asked for again: only its trace tells of each time.
      context.outcome.trace?.end(entry)
    }
    return Answer(
      requestID: context.requestID, status: response.status.code, headers: response.headers, body: collector.bytes,
      isWhole: isWhole, wait: wait)
  }
}

/// Keeps what a response writes.
private final class BodyCollector: ResponseBodyWriter, Sendable {
  private let written = Mutex<[UInt8]>([])

  var bytes: [UInt8] { written.withLock { $0 } }

  func write(_ buffer: ByteBuffer) async throws { written.withLock { $0 += buffer.readableBytesView } }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
