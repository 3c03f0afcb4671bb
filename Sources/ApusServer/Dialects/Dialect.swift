internal import ApusJSON
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// One way in which clients and servers speak: how a refusal looks, and how an answer streams.
///
/// It knows no engine. What it has paths for says `Routes`; how these read requests and write answers,
/// `GenerationEndpoint` and `AnswerEncoder`.
protocol Dialect: Sendable {
  /// How answers that come piece by piece are cut into frames.
  var framing: Framing { get }
  /// The header fields of a stream.
  var streamHeaders: HTTPFields { get }
  /// What a stream shows while nothing else is sent; nil where nothing may be.
  var signOfLife: [UInt8]? { get }
  /// The header field in which clients look for the request's id, beside `X-Request-Id`.
  var requestIDField: HTTPField.Name? { get }
  /// What AWS's clients call the service when they sign requests; nil for dialects that are none of AWS's.
  var signingService: String? { get }
  /// What a client gets in place of an answer.
  func error(_ refusal: Refusal) -> ErrorReply
  /// The bytes that end a stream which fails after it has begun.
  func ending(with refusal: Refusal) -> [UInt8]
}

/// A refusal in the words of a dialect.
struct ErrorReply: Sendable {
  let status: HTTPResponse.Status
  /// Beside those that the refusal has itself.
  var headers = HTTPFields()
  let body: JSONValue
}

extension Dialect {
  var streamHeaders: HTTPFields { framing.headers }

  var signOfLife: [UInt8]? { framing.signOfLife }

  var requestIDField: HTTPField.Name? { nil }

  var signingService: String? { nil }

  /// A new name for a request: AWS's services give UUIDs, as their clients expect.
  func newRequestID() -> String {
    signingService == nil ? newLongIdentifier("req_") : UUID().uuidString.lowercased()
  }

  func ending(with refusal: Refusal) -> [UInt8] { framing.frame(error(refusal).body) }

  /// The whole response in place of an answer.
  func response(to refusal: Refusal) -> Response {
    let reply = error(refusal)
    var headers = refusal.headers
    headers[.contentType] = "application/json"
    headers.append(contentsOf: reply.headers)
    return Response(
      status: reply.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(json: reply.body)))
  }
}
