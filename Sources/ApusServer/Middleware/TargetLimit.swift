internal import Hummingbird

/// Refuses paths that are too long to be meant.
struct TargetLimit: RouterMiddleware {
  typealias Context = APIRequestContext

  let byteCount: Int

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard (request.head.path?.utf8.count ?? 0) <= byteCount else {
      throw Refusal(.targetTooLong, "the request's path is too long")
    }
    return try await next(request, context)
  }
}
