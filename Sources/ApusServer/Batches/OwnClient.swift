internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Asks the server's own paths, as a client without a connection whose requests come behind all others.
struct OwnClient: Sendable {
  let service: ModelService
  let routes: Routes

  /// What a request was answered with.
  struct Answer: Sendable {
    let requestID: String
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]
    /// Seconds after which it may be answered where a limit, or memory, leaves no room for it now.
    let wait: Int?
  }

  /// Posts a body to a path.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - headers: Header fields.
  ///   - body: The body.
  ///   - presence: Ends the work where it leaves.
  ///   - key: Finds the key that asks; what it throws is the answer.
  /// - Returns: The answer; what goes wrong is one, too.
  func post(
    _ path: String, _ headers: HTTPFields, _ body: ByteBuffer, _ presence: ClientPresence,
    key: () throws(Refusal) -> APIKey?
  ) async -> Answer {
    var context = APIRequestContext(logger: service.logger)
    context.requestID = newLongIdentifier("req_")
    context.client = presence
    context.showsLife = false
    context.isBackground = true
    let response: Response
    do {
      context.key = try key()
      guard let route = routes.route(.post, path) else { throw Refusal.notFound }
      context.dialect = route.dialect
      let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: path, headerFields: headers)
      response = try await route.handler(Request(head: head, body: RequestBody(buffer: body)), context)
    } catch {
      response = ErrorResponses.response(to: error, context)
    }
    let collector = BodyCollector()
    try? await response.body.write(collector)
    let isToCome = [429, 503].contains(response.status.code)
    let wait = isToCome ? response.headers[.retryAfter].flatMap { Int($0) } : nil
    if wait == nil {
      service.ledger.note(context.outcome.used, of: context.key?.name, isRefused: response.status.code >= 400)
    }
    return Answer(
      requestID: context.requestID, status: response.status.code, headers: response.headers, body: collector.bytes,
      wait: wait)
  }
}

/// Keeps what a response writes.
private final class BodyCollector: ResponseBodyWriter, Sendable {
  private let written = Mutex<[UInt8]>([])

  var bytes: [UInt8] { written.withLock { $0 } }

  func write(_ buffer: ByteBuffer) async throws { written.withLock { $0 += buffer.readableBytesView } }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
