internal import ApusJSON
internal import HTTPTypes

/// How llama.cpp's own paths say what went wrong, and how they stream.
struct LlamaDialect: Dialect {
  var framing: Framing { .events }

  func error(_ refusal: Refusal) -> ErrorReply {
    let status = Self.status(of: refusal)
    var error = JSONObject([
      ("code", .int(status.code)), ("message", .string(refusal.message)),
      ("type", .string(Self.type(of: refusal, status))),
    ])
    if let overflow = refusal.overflow {
      error["n_prompt_tokens"] = .int(overflow.prompt)
      error["n_ctx"] = .int(overflow.limit)
    }
    return ErrorReply(status: status, body: ["error": .object(error)])
  }

  private static func status(of refusal: Refusal) -> HTTPResponse.Status {
    switch refusal.kind {
    case .queueFull: .serviceUnavailable
    case .unsupported, .unsupportedContent: .notImplemented
    default: refusal.status
    }
  }

  private static func type(of refusal: Refusal, _ status: HTTPResponse.Status) -> String {
    if refusal.kind == .contextLength { return "exceed_context_size_error" }
    switch status.code {
    case 401: return "authentication_error"
    case 403: return "permission_error"
    case 404: return "not_found_error"
    case 501: return "not_supported_error"
    case 503: return "unavailable_error"
    case 500...: return "server_error"
    default: return "invalid_request_error"
    }
  }
}
