internal import ApusWire
package import Hummingbird
internal import Logging
internal import NIOCore

/// What is known about one request beside its bytes.
package struct APIRequestContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The connection that it came on; nil for a request of the server's own.
  let channel: (any Channel)?
  /// The name that the client or the server gave to it, which all its lines in the log have.
  var requestID = "" {
    didSet {
      // The second is Hummingbird's own.
      for key in ["id", "hb.request.id"] { logger[metadataKey: key] = "\(requestID)" }
    }
  }
  /// The client at the other end; nil where there is no connection.
  var client: ClientPresence?
  /// Whose words its refusals have.
  var dialect: any Dialect = Routes.standardDialect
  /// Bytes that its body may have; nil stands for what is usual.
  var bodyByteCount: Int?
  /// Who may ask.
  var access = Route.Access.key
  /// The key that it was sent with, where the server has keys.
  var key: APIKey?
  /// What its body must fit, where it is signed.
  var signature: SignatureClaim?
  /// Whether its answer may begin with signs of life before it can be given.
  var showsLife = true
  /// Whether it goes behind all requests of clients that wait.
  var isBackground = false
  /// How it ended.
  var outcome = RequestOutcome()

  package init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// The context of a request that came on no connection.
  init(logger: Logger) {
    coreContext = CoreRequestContextStorage(source: OwnSource(logger: logger))
    channel = nil
  }

  /// Whose it is: what is kept for one owner no other finds.
  var owner: String { key?.owner ?? "" }

  /// The network address that it came from.
  var address: ClientAddress? { channel?.remoteAddress.flatMap(ClientAddress.init) }

  /// The response that tells the client of an error, which the log names too.
  func response(to refusal: Refusal, cause: String? = nil) -> Response {
    outcome.note(refusal, cause: cause)
    return dialect.response(to: refusal.of(requestID))
  }
}

/// Where requests of the server's own come from.
private struct OwnSource: RequestContextSource {
  let logger: Logger
}

/// What a middleware hands a request on to; without the caller's isolation, as Hummingbird declares it.
typealias NextResponder = @concurrent (Request, APIRequestContext) async throws -> Response
