internal import ApusWire
internal import HTTPTypes
internal import Hummingbird

/// Lets those in whose requests AWS's clients have signed with a key that the server knows.
///
/// Here the head is checked; whether the signature is right shows with the body, which `Intake` reads.
struct SignedAccess: RouterMiddleware {
  typealias Context = APIRequestContext

  /// Nil where the server knows no such keys: then signatures say nothing.
  private let signatures: SignatureV4?
  /// Whether there are no other keys.
  private let isOnlyWay: Bool
  private let unixTime: @Sendable () -> Int

  init(_ configuration: ServerConfiguration) {
    signatures = configuration.accessKeys.isEmpty ? nil : SignatureV4(keys: configuration.accessKeys)
    isOnlyWay = configuration.apiKeys.isEmpty && configuration.keyFile == nil
    unixTime = configuration.unixTime
  }

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard let signatures, context.access != .open else { return try await next(request, context) }
    var context = context
    if let service = context.dialect.signingService {
      do throws(SignatureRefusal) {
        try admit(request, &context, signatures, service)
      } catch {
        throw Refusal.signature(error)
      }
    }
    guard !isOnlyWay || context.access == .open else { throw Refusal.signature(.missing) }
    return try await next(request, context)
  }

  /// Lets a signed request in; leaves others as they are.
  private func admit(
    _ request: Request, _ context: inout APIRequestContext, _ signatures: SignatureV4, _ service: String
  ) throws(SignatureRefusal) {
    let authorization = request.headers[.authorization] ?? ""
    if authorization.hasPrefix("Bearer "), SignatureV4.isToken(authorization.dropFirst("Bearer ".count)) {
      let name = try signatures.check(bearerToken: String(authorization.dropFirst("Bearer ".count)), now: unixTime())
      context.outcome.note(key: name)
    } else {
      let head = SignedHead(request)
      guard head.isSigned else { return }
      let claim = try signatures.claim(of: head, service: service, now: unixTime())
      if request.method == .get || request.method == .head {
        try claim.check(body: [])
      } else {
        context.signature = claim
      }
    }
    context.access = .open
  }
}

extension SignedHead {
  fileprivate init(_ request: Request) {
    let fields = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
    let host = request.head.authority.map { [(name: "host", value: $0)] } ?? []
    self.init(method: request.method.rawValue, target: request.head.path ?? "", fields: fields + host)
  }
}
