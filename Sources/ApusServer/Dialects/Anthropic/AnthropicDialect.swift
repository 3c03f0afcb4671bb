internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// How Anthropic's API says what went wrong, and how it streams.
struct AnthropicDialect: Dialect {
  var framing: Framing { .events }
  var signOfLife: [UInt8]? { framing.frame(typed: ["type": "ping"]) }
  var requestIDField: HTTPField.Name? { HTTPField.Name("request-id") }

  /// Whether a request to a path that Anthropic's API and OpenAI's both have is of the former.
  static func isMeant(by request: Request) -> Bool {
    guard let version = HTTPField.Name("anthropic-version"), request.headers[version] != nil else { return false }
    return request.uri.path == "/v1/models" || request.uri.path.hasPrefix("/v1/models/")
  }

  func error(_ refusal: Refusal) -> ErrorReply {
    let (type, status) = Self.manner(of: refusal)
    return ErrorReply(
      status: status,
      body: [
        "type": "error", "error": ["type": .string(type), "message": .string(Self.message(of: refusal))],
        "request_id": refusal.requestID.map(JSONValue.string) ?? .null,
      ])
  }

  func ending(with refusal: Refusal) -> [UInt8] { framing.frame(typed: error(refusal).body) }

  /// The class of an error, and its status, which is 529 where only the load is to blame.
  private static func manner(of refusal: Refusal) -> (type: String, status: HTTPResponse.Status) {
    switch refusal.kind {
    case .queueFull: ("rate_limit_error", refusal.status)
    case .noPlace, .queueTimeout, .modelsInUse: ("overloaded_error", overloaded)
    case .unauthorized: ("authentication_error", refusal.status)
    case .adminNeeded, .hostRefused, .originRefused: ("permission_error", refusal.status)
    case .notFound, .unknownModel: ("not_found_error", refusal.status)
    case .tooLarge: ("request_too_large", refusal.status)
    case .requestTimeout, .readerStalled, .deadlineExceeded: ("timeout_error", refusal.status)
    default: (refusal.status.kind == .serverError ? "api_error" : "invalid_request_error", refusal.status)
    }
  }

  private static let overloaded = HTTPResponse.Status(code: 529, reasonPhrase: "Overloaded")

  /// What is wrong, behind the field's path as Anthropic writes it: `messages.0.role: must be …`.
  private static func message(of refusal: Refusal) -> String {
    if let overflow = refusal.overflow {
      // A prompt must leave room for one token.
      let most = min(overflow.limit, overflow.prompt - 1)
      return "prompt is too long: \(overflow.prompt) tokens > \(most) maximum"
    }
    guard let field = refusal.field else { return refusal.message }
    let isNamed = refusal.message.utf8.starts(with: "\(field) ".utf8)
    let reason = isNamed ? refusal.message.dropFirst(field.count + 1) : refusal.message[...]
    return "\(path(of: field)): \(reason)"
  }

  /// `messages[0].role` as `messages.0.role`.
  private static func path(of field: String) -> String {
    String(field.compactMap { $0 == "[" ? "." : $0 == "]" ? nil : $0 })
  }
}
