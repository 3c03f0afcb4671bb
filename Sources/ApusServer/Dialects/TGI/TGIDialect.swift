internal import ApusJSON
internal import HTTPTypes

/// How Text Generation Inference says what went wrong, and how it streams.
struct TGIDialect: Dialect {
  var framing: Framing { .events }

  func error(_ refusal: Refusal) -> ErrorReply {
    let (status, type, text) = Self.words(for: refusal)
    return ErrorReply(status: status, body: ["error": .string(text), "error_type": .string(type)])
  }

  private static func words(for refusal: Refusal) -> (HTTPResponse.Status, type: String, text: String) {
    switch refusal.kind {
    case .contextLength:
      guard let overflow = refusal.overflow else { break }
      let text =
        "`inputs` tokens + `max_new_tokens` must be <= \(overflow.limit). Given: \(overflow.prompt) `inputs` tokens and "
        + "\(overflow.requested - overflow.prompt) `max_new_tokens`"
      return (.unprocessableContent, "validation", validation + text)
    case .queueFull: return (.tooManyRequests, "overloaded", "Model is overloaded")
    case .failure, .deadlineExceeded, .modelNotLoaded:
      return (.failedDependency, "generation", generation + refusal.message)
    default: break
    }
    switch refusal.status.code {
    case 400: return (.unprocessableContent, "validation", validation + refusal.message)
    case 500...: return (refusal.status, "incomplete_generation", refusal.message)
    default: return (refusal.status, refusal.word, refusal.message)
    }
  }

  private static let validation = "Input validation error: "
  private static let generation = "Request failed during generation: "
}

extension HTTPResponse.Status {
  fileprivate static let failedDependency = HTTPResponse.Status(code: 424, reasonPhrase: "Failed Dependency")
}
