internal import HTTPTypes
internal import Hummingbird

/// One path of the server, with one method.
struct Route: Sendable {
  typealias Handler = @Sendable (Request, APIRequestContext) async throws -> Response

  /// Who may ask.
  enum Access: Sendable {
    /// Everyone.
    case open
    /// Whoever has a key, where the server has keys.
    case key
  }

  let method: HTTPRequest.Method
  /// Components that are `*` stand for one of the path, and `**` at the end for one or more.
  let path: String
  let dialect: any Dialect
  let access: Access
  let handler: Handler

  init(
    _ method: HTTPRequest.Method, _ path: String, _ dialect: any Dialect, access: Access = .key,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.dialect = dialect
    self.access = access
    self.handler = handler
  }
}

/// Everything the server answers to: the one list of its paths.
struct Routes: Sendable {
  /// Whose words a refusal has where no path tells.
  static let standardDialect: any Dialect = OpenAIDialect()

  private let list: [Route]
  private let patterns: [PathPattern]

  init(_ service: ModelService) {
    list = Health(service: service).routes + OpenAI(service: service).routes
    patterns = list.map { PathPattern($0.path) }
  }

  /// Whose words a path has, and who may ask for it; an unknown path is taken for one of those that begin like it.
  func manners(of path: String) -> (any Dialect, Route.Access) {
    let components = PathPattern.components(of: path)
    if let number = patterns.firstIndex(where: { $0.matches(components) }) {
      return (list[number].dialect, list[number].access)
    }
    let near = patterns.firstIndex { $0.components.first == components.first && !components.isEmpty }
    return (near.map { list[$0].dialect } ?? Self.standardDialect, .key)
  }

  /// A router with these paths behind the server's middleware; other methods of a known path are refused by name.
  func router(_ service: ModelService, log: AccessLog) -> Router<APIRequestContext> {
    let router = Router(context: APIRequestContext.self)
    let configuration = service.configuration
    let hosts = AllowedHosts(configuration)
    router.add(middleware: RequestRecord(routes: self, log: log, connections: service.connections))
    router.add(middleware: HostCheck(hosts: hosts))
    router.add(
      middleware: CrossOrigin(allowedOrigins: configuration.allowedOrigins, hosts: hosts, methods: methods))
    router.add(middleware: ErrorResponses())
    router.add(middleware: TargetLimit(byteCount: configuration.limits.targetByteCount))
    router.add(middleware: Authentication(keys: configuration.apiKeys))
    for path in Set(list.map(\.path)) { add(path, to: router) }
    return router
  }

  private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch]

  /// All methods that some path has.
  private var methods: String {
    let own = Set(list.map(\.method) + [.head])
    return (Self.methods.filter(own.contains).map(\.rawValue) + ["OPTIONS"]).joined(separator: ", ")
  }

  private func add(_ path: String, to router: Router<APIRequestContext>) {
    var handlers: [HTTPRequest.Method: Route.Handler] = [:]
    for route in list where route.path == path { handlers[route.method] = route.handler }
    handlers[.head] = handlers[.head] ?? handlers[.get]
    let allowed = Self.methods.filter { handlers[$0] != nil }.map(\.rawValue).joined(separator: ", ")
    for method in Self.methods {
      let handler = handlers[method] ?? { _, _ in throw Refusal.methodNotAllowed(allowed: allowed) }
      router.on(RouterPath(path), method: method) { request, context in try await handler(request, context) }
    }
  }
}

/// The components of a path, some of which may stand for others.
struct PathPattern: Sendable {
  let components: [Substring]

  init(_ path: String) { components = Self.components(of: path) }

  static func components(of path: String) -> [Substring] { path.split(separator: "/") }

  /// Whether a path of these components is meant.
  func matches(_ others: [Substring]) -> Bool {
    if components.last == "**" {
      return others.count >= components.count && zip(components.dropLast(), others).allSatisfy(Self.matches)
    }
    return others.count == components.count && zip(components, others).allSatisfy(Self.matches)
  }

  private static func matches(_ own: Substring, _ other: Substring) -> Bool { own == "*" || own == other }
}
