package import Hummingbird
internal import NIOCore

/// What is known about one request beside its bytes.
package struct APIRequestContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The connection that it came on.
  let channel: any Channel
  /// The name that the client or the server gave to it.
  var requestID = ""

  package init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// What a middleware hands a request on to; without the caller's isolation, as Hummingbird declares it.
typealias NextResponder = @concurrent (Request, APIRequestContext) async throws -> Response
