internal import ApusJSON
internal import HTTPTypes

/// OpenAI's newer API, in which a request brings the whole conversation, or names an answer that was kept to go on from.
struct Responses: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (generator, kept, dialect) = (Generator(service: service), KeptResponses(service: service), ResponsesDialect())
    return [
      Route(.post, "/v1/responses", dialect) { try await generator.respond(ResponsesEndpoint(), to: $0, $1) }
        .described(.responses),
      Route(.post, "/v1/responses/input_tokens", dialect) {
        try await generator.respond(ResponsesCountEndpoint(), to: $0, $1)
      }
      .described(.inputTokens),
      Route(.post, "/v1/responses/compact", dialect) { _, _ in
        throw Refusal(.notFound, "this server compacts no conversations: send a shorter one")
      },
      Route(.get, "/v1/responses/*", dialect) { try await kept.response($0, $1) }.described(.keptResponse),
      Route(.delete, "/v1/responses/*", dialect) { try await kept.drop($0, $1) }.described(.dropResponse),
      Route(.get, "/v1/responses/*/input_items", dialect) { try await kept.inputItems($0, $1) }
        .described(.inputItems),
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
