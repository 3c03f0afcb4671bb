internal import ApusJSON
internal import HTTPTypes

/// How Ollama's API says what went wrong, and how it streams: lines of JSON, of which one with `error` is the last.
struct OllamaDialect: Dialect {
  var framing: Framing { .lines }

  func error(_ refusal: Refusal) -> ErrorReply {
    switch refusal.kind {
    case .queueFull:
      // The words by which clients know it, with two spaces.
      ErrorReply(
        status: .serviceUnavailable,
        body: ["error": "server busy, please try again.  maximum pending requests exceeded"])
    case .unknownModel:
      // The words by which clients know that they must fetch it first.
      ErrorReply(status: refusal.status, body: Self.body("model '\(refusal.unknownModel ?? "")' not found"))
    case .clientLeft: ErrorReply(status: refusal.status, body: ["error": "request canceled"])
    default: ErrorReply(status: refusal.status, body: Self.body(refusal.message))
    }
  }

  private static func body(_ message: String) -> JSONValue { ["error": .string(message)] }
}
