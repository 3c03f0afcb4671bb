internal import HTTPTypes
internal import Hummingbird

/// Everything the server answers to: the one list of its paths.
struct Routes: Sendable {
  typealias Handler = @Sendable (Request, APIRequestContext) async throws -> Response

  private let list: [(method: HTTPRequest.Method, path: String, handler: Handler)]
  private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch]

  init(_ service: ModelService) {
    let health = Health(service: service)
    let openAI = OpenAI(service: service)
    list = [
      (.get, "/", { health.root($0, $1) }),
      (.get, "/health", { try health.live($0, $1) }),
      (.get, "/health/ready", { try await health.ready($0, $1) }),
      (.get, "/v1/models", { openAI.models($0, $1) }),
      (.get, "/v1/models/**", { try openAI.model($0, $1) }),
      (.post, "/v1/completions", { try await openAI.completions($0, $1) }),
      (.post, "/v1/chat/completions", { try await openAI.chatCompletions($0, $1) }),
    ]
  }

  /// A router with these paths behind the server's middleware; other methods of a known path are refused by name.
  func router(_ service: ModelService, log: AccessLog) -> Router<APIRequestContext> {
    let router = Router(context: APIRequestContext.self)
    let hosts = AllowedHosts(service.configuration)
    router.add(middleware: RequestRecord(log: log, connections: service.connections))
    router.add(middleware: HostCheck(hosts: hosts))
    router.add(middleware: CrossOrigin(allowedOrigins: service.configuration.allowedOrigins, hosts: hosts))
    router.add(middleware: ErrorResponses())
    router.add(middleware: TargetLimit(byteCount: service.configuration.limits.targetByteCount))
    router.add(middleware: Authentication(keys: service.configuration.apiKeys))
    for (method, path, handler) in list {
      let isRead = method == .get
      let answered: [HTTPRequest.Method] = isRead ? [.get, .head] : [method]
      let allowed = isRead ? "GET, HEAD" : method.rawValue
      let refusal: Handler = { _, _ in throw APIError.methodNotAllowed(allowed: allowed) }
      for method in Self.methods {
        let answer = answered.contains(method) ? handler : refusal
        router.on(RouterPath(path), method: method) { request, context in try await answer(request, context) }
      }
    }
    return router
  }
}
