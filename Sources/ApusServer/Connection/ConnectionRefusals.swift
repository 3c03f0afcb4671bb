internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// What connections answer by themselves, in place of the application.
///
/// The same rules hold as for its refusals: the words of the path's dialect, an id, and a line in the log.
struct ConnectionRefusals: Sendable {
  let routes: Routes
  let book: RequestBook

  /// The answer to a request that is refused.
  ///
  /// - Parameters:
  ///   - refusal: Why.
  ///   - line: What it asked for, where that is known.
  ///   - isLogged: Whether nobody else tells the log of it.
  /// - Returns: The whole response.
  func response(
    to refusal: Refusal, of line: RequestLine?, isLogged: Bool
  ) -> (head: HTTPResponse, body: ByteBuffer) {
    let manners = line.map { routes.manners(of: $0.path, $0.method) }
    let dialect = manners?.dialect ?? Routes.standardDialect
    let refusal = refusal.of(dialect.newRequestID())
    var response = dialect.response(to: refusal)
    RequestRecord.name(&response, refusal.requestID ?? "", dialect)
    if isLogged { note(refusal, line, manners?.route, status: response.status.code) }
    return (response.head, ByteBuffer(json: dialect.error(refusal).body))
  }

  private func note(_ refusal: Refusal, _ line: RequestLine?, _ route: String?, status: Int) {
    let outcome = RequestOutcome()
    outcome.note(refusal)
    let entry = LogEntry(
      id: refusal.requestID ?? "", method: line?.method.rawValue ?? "", path: line?.path ?? "", sentStatus: status,
      outcome: outcome, ignoredFields: nil, start: .now)
    // It belongs to no key.
    book.close(entry, route: route, .open)
  }
}
