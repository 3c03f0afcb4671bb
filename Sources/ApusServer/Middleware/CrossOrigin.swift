internal import HTTPTypes
internal import Hummingbird

/// Says which web pages may use the server, and refuses the others: no page of a stranger shall compute here.
struct CrossOrigin: RouterMiddleware {
  typealias Context = APIRequestContext

  /// Origins beside those on this machine; `*` is all.
  let allowedOrigins: [String]
  /// The names under which the server's own pages may use it.
  let hosts: AllowedHosts
  /// The methods of all paths, as a browser is told them.
  let methods: String

  private static let allowOrigin = HTTPField.Name("Access-Control-Allow-Origin")
  private static let allowMethods = HTTPField.Name("Access-Control-Allow-Methods")
  private static let allowHeaders = HTTPField.Name("Access-Control-Allow-Headers")
  private static let maximumAge = HTTPField.Name("Access-Control-Max-Age")
  private static let exposeHeaders = HTTPField.Name("Access-Control-Expose-Headers")

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    let origin = request.headers[.origin]
    if let origin, !isAllowed(origin, host: request.head.authority) {
      return context.response(
        to:
          Refusal(.originRefused, "web pages of this origin may not use the server"))
    }
    var response = request.method == .options ? Response(status: .noContent) : try await next(request, context)
    set(Self.allowOrigin, origin ?? "http://localhost", &response)
    set(.vary, "Origin", &response)
    set(Self.exposeHeaders, "X-Request-Id, X-Apus-Cache, X-Apus-Ignored-Fields, X-Apus-Kept, X-Apus-Variant", &response)
    if request.method == .options {
      set(Self.allowMethods, methods, &response)
      set(Self.allowHeaders, "*, authorization, content-type", &response)
      set(Self.maximumAge, "600", &response)
    }
    return response
  }

  private func set(_ name: HTTPField.Name?, _ value: String, _ response: inout Response) {
    if let name { response.headers[name] = value }
  }

  /// Whether a browser may name this as a page's origin: `SCHEME://HOST` with a port or without, or `null`.
  static func isOrigin(_ text: String) -> Bool {
    text == "null" || authority(of: text).map { AllowedHosts.host(of: $0) != nil } ?? false
  }

  /// What follows the scheme of an origin; nil where there is none.
  private static func authority(of origin: String) -> String? {
    guard let colon = origin.utf8.firstIndex(of: UInt8(ascii: ":")), colon > origin.startIndex,
      origin[colon...].utf8.starts(with: "://".utf8)
    else { return nil }
    return String(origin[colon...].dropFirst(3))
  }

  private func isAllowed(_ origin: String, host: String?) -> Bool {
    if allowedOrigins.contains("*") || allowedOrigins.contains(where: { $0.lowercased() == origin.lowercased() }) {
      return true
    }
    guard let authority = Self.authority(of: origin) else { return false }
    if let host, authority.lowercased() == host.lowercased() { return hosts.allows(host) }
    guard let name = AllowedHosts.host(of: authority) else { return false }
    // A page from 0.0.0.0 comes from this machine, too.
    return ListenAddress.isLoopback(host: name) || name == "0.0.0.0"
  }
}
