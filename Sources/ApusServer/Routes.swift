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
    /// Whoever has an admin's key; where the server has no keys, whoever is on this machine.
    case admin
  }

  let method: HTTPRequest.Method
  /// Components that are `*` stand for one of the path, and `**` at the end for one or more.
  let path: String
  let dialect: any Dialect
  let access: Access
  let handler: Handler
  /// What it takes and gives, where `/openapi.json` tells of it.
  var operation: Operation?
  /// Bytes that a body may have, where these are not those of other paths.
  private(set) var bodyByteCount: Int?

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

extension Route {
  /// The same, with bodies of so many bytes at most.
  func taking(bodyByteCount: Int) -> Route {
    var route = self
    route.bodyByteCount = bodyByteCount
    return route
  }
}

extension Route {
  /// The same below `/openai`, where Bedrock has OpenAI's paths; nil for a path that is none of those.
  fileprivate var alias: Route? {
    let prefix = "/openai"
    guard path.hasPrefix("/v1/") else { return nil }
    var alias = Route(method, prefix + path, dialect, access: access) { [handler] request, context in
      var head = request.head
      // The target may begin with a scheme and a host.
      if let found = head.path?.firstRange(of: prefix + "/v1/") { head.path?.replaceSubrange(found, with: "/v1/") }
      return try await handler(Request(head: head, body: request.body), context)
    }
    alias.bodyByteCount = bodyByteCount
    return alias
  }
}

/// Everything the server answers to: the one list of its paths.
struct Routes: Sendable {
  /// Whose words a refusal has where no path tells.
  static let standardDialect: any Dialect = OpenAIDialect()

  private let list: [Route]
  private let patterns: [PathPattern]
  /// Bytes that a body may have where its path says nothing.
  private let bodyByteCount: Int

  init(_ service: ModelService) {
    let routes = [
      Health(service: service).routes, MetricsPage(service: service).routes, Page().routes,
      Status(service: service).routes, Admin(service: service).routes, Conversations(service: service).routes,
      OpenAI(service: service).routes,
      Anthropic(service: service).routes, Responses(service: service).routes,
      Files(service: service).routes, BatchRoutes(service: service).routes, Ollama(service: service).routes,
      Bedrock(service: service).routes, SageMaker(service: service).routes, VLLM(service: service).routes,
      LlamaCpp(service: service).routes, TGI(service: service).routes,
    ].flatMap { $0 }
    list = Self.withDescription(routes, version: service.configuration.version) + routes.compactMap(\.alias)
    patterns = list.map { PathPattern($0.path) }
    bodyByteCount = service.configuration.limits.bodyByteCount
  }

  /// These routes, and one that tells of them and of itself.
  private static func withDescription(_ routes: [Route], version: String) -> [Route] {
    func own(_ handler: @escaping Route.Handler) -> Route {
      Route(.get, "/openapi.json", standardDialect, access: .open, handler).described(OpenAPIPage.operation)
    }
    let page = OpenAPIPage(routes + [own { _, _ in throw Refusal.notFound }], version: version)
    return routes + [own { _, _ in page.response }]
  }

  /// All of them, as `POST /v1/completions`.
  var names: [String] { list.map { "\($0.method.rawValue) \($0.template)" } }

  /// How a path is treated, known or not.
  struct Manners: Sendable {
    /// Whose words it has.
    let dialect: any Dialect
    let access: Route.Access
    /// The path as the list has it; nil for one that is not there.
    let route: String?
  }

  /// How a path with a method is treated; an unknown one has the words of the path that it begins like longest.
  func manners(of path: String, _ method: HTTPRequest.Method) -> Manners {
    let components = PathPattern.components(of: path)
    let known = patterns.indices.filter { patterns[$0].matches(components) }
    let method = method == .head ? .get : method
    if let number = known.first(where: { list[$0].method == method }) ?? known.first {
      return Manners(dialect: list[number].dialect, access: list[number].access, route: list[number].path)
    }
    let shared = patterns.map { zip($0.components, components).prefix(while: ==).count }
    guard let longest = shared.max(), longest > 0, let near = shared.firstIndex(of: longest) else {
      return Manners(dialect: Self.standardDialect, access: .key, route: nil)
    }
    return Manners(dialect: list[near].dialect, access: .key, route: nil)
  }

  /// The path of the list that answers to this one.
  func route(_ method: HTTPRequest.Method, _ path: String) -> Route? {
    let components = PathPattern.components(of: path)
    return list.indices.first { list[$0].method == method && patterns[$0].matches(components) }.map { list[$0] }
  }

  /// Bytes that the body of a request may have.
  func bodyByteCount(of head: HTTPRequest) -> Int {
    route(head.method, RequestLine(head).path)?.bodyByteCount ?? bodyByteCount
  }

  /// A router with these paths behind the server's middleware; other methods of a known path are refused by name.
  func router(_ service: ModelService, _ book: RequestBook) -> Router<APIRequestContext> {
    let router = Router(context: APIRequestContext.self)
    let configuration = service.configuration
    let hosts = AllowedHosts(configuration)
    router.add(middleware: RequestRecord(routes: self, book: book, connections: service.connections))
    router.add(middleware: HostCheck(hosts: hosts))
    router.add(
      middleware: CrossOrigin(allowedOrigins: configuration.allowedOrigins, hosts: hosts, methods: methods))
    router.add(middleware: ErrorResponses())
    router.add(middleware: TargetLimit(byteCount: configuration.limits.targetByteCount))
    router.add(middleware: SignedAccess(service))
    router.add(middleware: Authentication(keys: service.keys, unixTime: configuration.unixTime))
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
