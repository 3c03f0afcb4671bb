internal import Hummingbird

/// Refuses paths that are too long to be meant.
struct TargetLimit: RouterMiddleware {
  typealias Context = APIRequestContext

  let byteCount: Int

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard (request.head.path?.utf8.count ?? 0) <= byteCount else {
      throw APIError(.uriTooLong, type: "invalid_request_error", "the request's path is too long", code: "uri_too_long")
    }
    return try await next(request, context)
  }
}
