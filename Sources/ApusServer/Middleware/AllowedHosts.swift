internal import HTTPTypes
internal import Hummingbird

/// The names under which a server may be asked.
///
/// A page of a stranger reaches a server on this machine when the stranger's name resolves to this machine's address
/// ("DNS rebinding"): then the page's origin is the server's own, and only the name tells. So a server that nothing else
/// protects, on this machine alone and without a key, answers to the names of this machine and those it was given. Other
/// servers answer to any name, unless they were given some.
struct AllowedHosts: Sendable {
  /// nil for any.
  private let names: Set<String>?

  init(_ configuration: ServerConfiguration) {
    let given = configuration.allowedHosts
    let isProtected = configuration.hasKeys || !configuration.listen.allSatisfy(\.isLoopback)
    names = given.contains("*") || (given.isEmpty && isProtected) ? nil : Set(given.compactMap(Self.host(of:)))
  }

  /// Whether a request may name this host, with or without a port; one that names none is no browser's.
  func allows(_ authority: String?) -> Bool {
    guard let names, let authority else { return true }
    guard let host = Self.host(of: authority) else { return false }
    return ListenAddress.isLoopback(host: host) || names.contains(host)
  }

  /// The host of `host`, `host:port`, `[::1]` or `[::1]:port`, in small letters and without the root's dot; nil where the
  /// text is none of these.
  static func host(of authority: String) -> String? {
    let text = authority.lowercased()
    let host: Substring
    let rest: Substring
    if text.utf8.first == UInt8(ascii: "["), let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) {
      host = text[text.utf8.index(after: text.startIndex)..<end]
      rest = text[text.utf8.index(after: end)...]
    } else {
      let end = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
      host = text[..<end].utf8.last == UInt8(ascii: ".") ? text[..<end].dropLast() : text[..<end]
      rest = text[end...]
      guard host.utf8.allSatisfy(isNameByte), host.utf8.last != UInt8(ascii: ".") else { return nil }
    }
    guard !host.isEmpty, rest.isEmpty || isPort(rest) else { return nil }
    return String(host)
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.utf8.first == UInt8(ascii: ":") && text.utf8.count <= 6
      && text.utf8.dropFirst().allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
      UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// Refuses requests that name a host whose name the server may not be asked under: for every path and method.
struct HostCheck: RouterMiddleware {
  typealias Context = APIRequestContext

  let hosts: AllowedHosts

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard hosts.allows(request.head.authority) else {
      return context.response(
        to:
          Refusal(
            .hostRefused,
            "the server does not answer under this host's name: use localhost, or allow the name where it is started"))
    }
    return try await next(request, context)
  }
}
