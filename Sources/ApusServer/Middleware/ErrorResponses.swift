internal import Apus
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOHTTP1

/// Turns every error into a response in OpenAI's shape: the one place where that happens.
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
      return Self.apiError(of: error, context).response(from: request, context: context)
    }
  }

  private static func apiError(of error: any Error, _ context: APIRequestContext) -> APIError {
    if let known = APIError(known: error) { return known }
    switch error {
    case let error as any HTTPResponseError where error.status == .notFound: return .notFound
    default:
      context.logger.error("request failed", metadata: ["id": "\(context.requestID)", "error": "\(type(of: error))"])
      return .internal
    }
  }
}
