internal import ApusWire
internal import HTTPTypes
internal import Hummingbird

/// Lets those in whose requests AWS's clients have signed with a key that the server knows.
///
/// Here the head is checked; whether the signature is right shows with the body, which `Intake` reads.
struct SignedAccess: RouterMiddleware {
  typealias Context = APIRequestContext

  /// Nil where the server looks at no signatures.
  private let accessKeys: AccessKeyStore?
  private let keys: KeyStore
  private let mode: SignatureMode
  /// Whether there are no other keys.
  private let isOnlyWay: Bool
  private let unixTime: @Sendable () -> Int

  init(_ service: ModelService) {
    let configuration = service.configuration
    (accessKeys, keys) = (service.accessKeys, service.keys)
    mode = configuration.signatureMode
    isOnlyWay = configuration.apiKeys.isEmpty && configuration.keyFile == nil
    unixTime = configuration.unixTime
  }

  func handle(
    _ request: Request, context: APIRequestContext, next: NextResponder
  ) async throws -> Response {
    guard let accessKeys, context.access != .open else { return try await next(request, context) }
    var context = context
    if let service = context.dialect.signingService {
      let known = accessKeys.keys()
      let id: String?
      do throws(SignatureRefusal) {
        id = try signer(of: request, &context, known.signatures, service)
      } catch {
        throw Refusal.signature(error)
      }
      if let id { try admit(known.names[id] ?? id, &context) }
      guard id != nil || mode != .require else { throw Refusal.signature(.missing) }
    }
    guard !isOnlyWay || context.access == .open else { throw Refusal.signature(.missing) }
    return try await next(request, context)
  }

  /// Lets a client in that has signed, as one that sends the API key of the same name, where there is one.
  private func admit(_ name: String, _ context: inout APIRequestContext) throws(Refusal) {
    let key = keys.ring().key(named: name) ?? APIKey(name: name, digest: KeyDigest(of: name))
    guard key.expiry.map({ unixTime() < $0 }) ?? true else { throw .expiredKey }
    context.key = key
    // Before the body was read, a signature is but a claim.
    if context.signature == nil { context.outcome.note(key: name) }
    context.access = .open
  }

  /// The name of the key with which a request is signed; nil where it is not.
  private func signer(
    of request: Request, _ context: inout APIRequestContext, _ signatures: SignatureV4, _ service: String
  ) throws(SignatureRefusal) -> String? {
    let authorization = request.headers[.authorization] ?? ""
    if authorization.hasPrefix("Bearer "), SignatureV4.isToken(authorization.dropFirst("Bearer ".count)) {
      return try signatures.check(bearerToken: String(authorization.dropFirst("Bearer ".count)), now: unixTime())
    }
    let head = SignedHead(request)
    guard head.isSigned else { return nil }
    let claim = try signatures.claim(of: head, service: service, now: unixTime())
    if request.method == .get || request.method == .head {
      try claim.check(body: [])
    } else {
      context.signature = claim
    }
    return claim.accessKeyID
  }
}

extension SignedHead {
  fileprivate init(_ request: Request) {
    let fields = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
    let host = request.head.authority.map { [(name: "host", value: $0)] } ?? []
    self.init(method: request.method.rawValue, target: request.head.path ?? "", fields: fields + host)
  }
}
