internal import Apus
internal import HTTPTypes
internal import Hummingbird
internal import NIOHTTP1

/// Turns every error into a response in the words of the path's dialect: the one place where that happens.
struct ErrorResponses: RouterMiddleware {
  typealias Context = APIRequestContext

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as HTTPParserError {
      // The connection's own business: it answers and closes.
      throw error
    } catch {
      return Self.response(to: error, context)
    }
  }

  /// What a client is told of an error.
  static func response(to error: any Error, _ context: APIRequestContext) -> Response {
    if let known = Refusal(known: error) { return context.response(to: known) }
    switch error {
    case let error as any HTTPResponseError where error.status == .notFound: return context.response(to: .notFound)
    // What cannot be read any more has no other cause.
    case _ where context.client?.departure != nil: return context.response(to: .clientLeft)
    default: return context.response(to: .failure, cause: "\(type(of: error))")
    }
  }
}
