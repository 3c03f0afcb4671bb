internal import HTTPTypes
internal import Hummingbird

/// Lets only those in who send one of the keys; everyone where there are none.
struct Authentication: RouterMiddleware {
  typealias Context = APIRequestContext

  private let keys: [[UInt8]]

  init(keys: [String]) { self.keys = keys.map { Array($0.utf8) } }

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    if keys.isEmpty || context.access == .open || isKnown(Self.credential(of: request)) {
      return try await next(request, context)
    }
    throw Refusal.unauthorized
  }

  /// The key that a client of OpenAI, Anthropic or Azure sends.
  private static func credential(of request: Request) -> String {
    if let authorization = request.headers[.authorization] {
      let parts = authorization.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
    }
    for name in ["x-api-key", "api-key"] {
      if let name = HTTPField.Name(name), let key = request.headers[name] { return key }
    }
    return ""
  }

  /// Compares with every key, in a time that depends only on lengths.
  private func isKnown(_ credential: String) -> Bool {
    let given = Array(credential.utf8)
    var isKnown = false
    for key in keys {
      var difference: UInt8 = given.count == key.count ? 0 : 1
      for index in key.indices { difference |= key[index] ^ (index < given.count ? given[index] : 0) }
      isKnown = difference == 0 || isKnown
    }
    return isKnown
  }
}
