internal import ApusJSON
internal import HTTPTypes

/// OpenAI's newer API, in which a request brings the whole conversation: nothing is stored.
struct Responses: Sendable {
  let service: ModelService

  var routes: [Route] {
    let generator = Generator(service: service)
    return [
      Route(.post, "/v1/responses", ResponsesDialect()) { try await generator.respond(ResponsesEndpoint(), to: $0, $1) }
        .described(.responses)
    ]
  }
}

/// How this API says what went wrong: as OpenAI's others do, and in its own events.
struct ResponsesDialect: Dialect {
  var framing: Framing { .events }

  func error(_ refusal: Refusal) -> ErrorReply { OpenAIDialect().error(refusal) }

  /// An event that has the error twice: where this API's clients look for it, and where OpenAI's look in every stream.
  func ending(with refusal: Refusal) -> [UInt8] {
    let error = error(refusal).body["error"] ?? .null
    return framing.frame(typed: [
      "type": "error", "code": .string(refusal.word), "message": .string(refusal.message),
      "param": refusal.field.map(JSONValue.string) ?? .null, "error": error,
    ])
  }
}
