internal import HTTPTypes
internal import Hummingbird

/// Lets only those in who send one of the keys; everyone where there are none.
struct Authentication: RouterMiddleware {
  typealias Context = APIRequestContext

  let keys: KeyStore
  /// Seconds since 1970.
  let unixTime: @Sendable () -> Int

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard context.access != .open else { return try await next(request, context) }
    var context = context
    switch keys.ring().verdict(for: Self.credential(of: request), at: unixTime()) {
    case .anyone:
      if context.access == .admin, context.address?.isLoopback != true { throw Refusal.adminNeeded }
    case .known(let key):
      context.key = key
      context.outcome.note(key: key.name)
      if context.access == .admin, !key.isAdmin { throw Refusal.adminNeeded }
    case .expired: throw Refusal.expiredKey
    case .unknown: throw Refusal.unauthorized
    }
    return try await next(request, context)
  }

  /// The key that a client of OpenAI, Anthropic or Azure sends.
  private static func credential(of request: Request) -> String? {
    if let authorization = request.headers[.authorization] {
      let parts = authorization.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
    }
    for name in ["x-api-key", "api-key"] {
      if let name = HTTPField.Name(name), let key = request.headers[name] { return key }
    }
    return nil
  }
}
