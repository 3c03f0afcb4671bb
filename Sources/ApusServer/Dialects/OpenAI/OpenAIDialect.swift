internal import ApusJSON
internal import ApusWire
internal import HTTPTypes

/// How OpenAI's API says what went wrong, and how it streams; vLLM and others do the same.
struct OpenAIDialect: Dialect {
  var framing: Framing { .events }

  func error(_ refusal: Refusal) -> ErrorReply {
    let code: JSONValue =
      switch refusal.kind {
      case .invalid, .failure: .null
      default: .string(refusal.word)
      }
    return ErrorReply(
      status: refusal.status,
      body: [
        "error": [
          "message": .string(refusal.message), "type": .string(Self.type(of: refusal)),
          "param": refusal.field.map(JSONValue.string) ?? .null, "code": code,
        ]
      ])
  }

  func ending(with refusal: Refusal) -> [UInt8] { framing.frame(error(refusal).body) + Self.done }

  /// The end of every stream.
  static let done = ServerSentEvents.done

  /// The class of an error, as OpenAI names them.
  private static func type(of refusal: Refusal) -> String {
    switch refusal.kind {
    case .unauthorized: "authentication_error"
    case .adminNeeded, .hostRefused, .originRefused: "permission_error"
    case .queueFull: "rate_limit_error"
    default: refusal.status.kind == .serverError ? "server_error" : "invalid_request_error"
    }
  }
}
