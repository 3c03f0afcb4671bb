internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// One way in which clients and servers speak: how a refusal looks, and how an answer streams.
///
/// It knows no engine. What it has paths for says `Routes`; how these read requests and write answers,
/// `GenerationEndpoint` and `AnswerEncoder`.
protocol Dialect: Sendable {
  /// How answers that come piece by piece are cut into frames.
  var framing: Framing { get }
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
