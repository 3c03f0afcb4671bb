internal import HTTPTypes

/// The paths of OpenAI's API: completions, chat completions, embeddings and models.
struct OpenAI: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, generator) = (OpenAIDialect(), Generator(service: service))
    return [
      Route(.get, "/v1/models", dialect) { models($0, $1) }.described(.models),
      Route(.get, "/v1/models/**", dialect) { try model($0, $1) }.described(.model),
      Route(.post, "/v1/completions", dialect) { try await generator.respond(CompletionEndpoint(), to: $0, $1) }
        .described(.completions),
      Route(.post, "/v1/chat/completions", dialect) { try await generator.respond(ChatEndpoint(), to: $0, $1) }
        .described(.chat),
      Route(.post, "/v1/embeddings", dialect) { try await generator.respond(EmbeddingEndpoint(), to: $0, $1) }
        .described(.embeddings),
    ]
  }
}
