internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// Names every request, and writes one line to the log when its answer has ended.
struct RequestRecord: RouterMiddleware {
  typealias Context = APIRequestContext

  let routes: Routes
  let book: RequestBook
  let connections: Connections

  private static let header = HTTPField.Name("X-Request-Id")

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    let start = ContinuousClock.now
    var context = context
    context.client = context.channel.flatMap { connections.presence(of: $0) }
    let manners = routes.manners(of: request.uri.path, request.method)
    context.dialect = AnthropicDialect.isMeant(by: request) ? AnthropicDialect() : manners.dialect
    context.access = manners.access
    context.requestID = Self.identifier(of: request, manners.dialect)
    context.bodyByteCount = routes.bodyByteCount(of: request.head)
    let trace = book.trace(of: request, route: manners.route, manners.access)
    context.outcome = RequestOutcome(trace)
    var response = try await next(request, context)
    Self.name(&response, context.requestID, context.dialect)
    trace?.write(to: &response.headers)
    let entry = LogEntry(
      id: context.requestID, method: request.method.rawValue, path: request.uri.path,
      sentStatus: response.status.code, outcome: context.outcome,
      ignoredFields: IgnoredFields.text(in: response.headers), start: start)
    let finish: @Sendable () -> Void = { [book] in book.close(entry, route: manners.route, manners.access) }
    guard request.method != .head else {
      finish()
      return response.createHeadResponse()
    }
    guard response.body.contentLength == nil else {
      finish()
      return response
    }
    let body = response.body
    response.body = ResponseBody { [client = context.client] writer in
      defer { finish() }
      do {
        try await body.write(writer)
      } catch {
        if let departure = client?.departure { entry.outcome.note(departure) }
        entry.outcome.note(Refusal(known: error) ?? .clientLeft)
        throw error
      }
    }
    return response
  }

  /// Tells a request's id where clients of the dialect look for it.
  static func name(_ response: inout Response, _ id: String, _ dialect: any Dialect) {
    for header in [header, dialect.requestIDField] {
      if let header { response.headers[header] = id }
    }
  }

  /// The client's own name for the request, where it is short and visible, and such as the dialect has; else a new one.
  private static func identifier(of request: Request, _ dialect: any Dialect) -> String {
    if let header, let given = request.headers[header], (1...128).contains(given.utf8.count),
      given.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      dialect.signingService == nil || UUID(uuidString: given) != nil
    {
      return given
    }
    return dialect.newRequestID()
  }
}

/// A new id, which begins like this.
func newIdentifier(_ prefix: String) -> String {
  prefix + hexadecimalDigits(of: UInt64.random(in: .min ... .max))
}

/// The same with twice as many digits: nobody finds another's by chance, however many there are.
func newLongIdentifier(_ prefix: String) -> String { newIdentifier(newIdentifier(prefix)) }

/// The sixteen hexadecimal digits of a number.
func hexadecimalDigits(of value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
