internal import HTTPTypes

/// The paths of Anthropic's API: messages, and how many tokens they have.
struct Anthropic: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, generator) = (AnthropicDialect(), Generator(service: service))
    return [
      Route(.post, "/v1/messages", dialect) { try await generator.respond(MessagesEndpoint(), to: $0, $1) },
      Route(.post, "/v1/messages/count_tokens", dialect) {
        try await generator.respond(MessageCountEndpoint(), to: $0, $1)
      },
    ]
  }
}
