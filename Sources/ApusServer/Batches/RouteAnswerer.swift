internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import Synchronization

/// Answers the requests of batches through the server's own paths, as requests without a connection.
struct RouteAnswerer: BatchAnswerer {
  let service: ModelService
  let routes: Routes
  let book: RequestBook

  var together: Int { service.background.limit }

  func answer(_ line: BatchLine, of batch: Batch, _ presence: ClientPresence) async -> BatchEnd {
    let answer = await attempt(line, of: batch, presence)
    guard presence.departure == nil, !service.admission.isClosed else { return .ended }
    return answer.wait.map { .mustWait(seconds: min($0, 60)) } ?? .answered(answer.answer)
  }

  private func attempt(
    _ line: BatchLine, of batch: Batch, _ presence: ClientPresence
  ) async -> (answer: BatchAnswer, wait: Int?) {
    let start = ContinuousClock.now
    let head = HTTPRequest(
      method: .post, scheme: nil, authority: nil, path: batch.endpoint,
      headerFields: [.contentType: "application/json"])
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(json: line.body)))
    var context = APIRequestContext(logger: service.logger)
    context.requestID = newLongIdentifier("req_")
    context.client = presence
    context.showsLife = false
    context.isBackground = true
    context.outcome = RequestOutcome(book.trace(of: request, route: batch.endpoint, .key))
    let response = await response(to: request, of: batch, context)
    let collector = BodyCollector()
    try? await response.body.write(collector)
    let answer = BatchAnswer(
      requestID: context.requestID, status: response.status.code,
      body: (try? JSONParser.parse(collector.bytes)) ?? .null)
    let entry = LogEntry(
      id: context.requestID, method: head.method.rawValue, path: batch.endpoint, sentStatus: response.status.code,
      outcome: context.outcome, ignoredFields: IgnoredFields.text(in: response.headers), start: start, batch: batch.id)
    let isToCome = [429, 503].contains(response.status.code)
    guard isToCome, let wait = response.headers[.retryAfter].flatMap({ Int($0) }) else {
      book.close(entry, route: batch.endpoint, .key)
      return (answer, nil)
    }
    // It is asked for again: only its trace tells of each time.
    context.outcome.trace?.end(entry)
    return (answer, wait)
  }

  private func response(to request: Request, of batch: Batch, _ context: APIRequestContext) async -> Response {
    var context = context
    do {
      context.key = try key(of: batch)
      if let key = context.key { context.outcome.note(key: key.name) }
      guard let route = routes.route(.post, batch.endpoint) else { throw Refusal.notFound }
      context.dialect = route.dialect
      return try await route.handler(request, context)
    } catch {
      return ErrorResponses.response(to: error, context)
    }
  }

  /// The key of a batch's owner, as it is now.
  private func key(of batch: Batch) throws(Refusal) -> APIKey? {
    let keys = service.keys.ring().keys
    guard !keys.isEmpty else { return nil }
    guard let key = keys.first(where: { $0.owner == batch.owner }) else { throw .unauthorized }
    guard key.expiry.map({ service.configuration.unixTime() < $0 }) ?? true else { throw .expiredKey }
    return key
  }
}

/// Keeps what a response writes.
private final class BodyCollector: ResponseBodyWriter, Sendable {
  private let written = Mutex<[UInt8]>([])

  var bytes: [UInt8] { written.withLock { $0 } }

  func write(_ buffer: ByteBuffer) async throws { written.withLock { $0 += buffer.readableBytesView } }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
