internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// The paths of Ollama's API.
struct Ollama: Sendable {
  let service: ModelService

  /// The version of Ollama whose API this is: clients ask for it, and use no more than it has.
  static let version = "0.12.11"

  var routes: [Route] {
    let (dialect, generator) = (OllamaDialect(), Generator(service: service))
    return storeRoutes + [
      Route(.post, "/api/generate", dialect) { [service] in
        try await generator.respond(OllamaGenerateEndpoint(service: service, key: $1.key), to: $0, $1)
      },
      Route(.post, "/api/chat", dialect) { [service] in
        try await generator.respond(OllamaChatEndpoint(service: service, key: $1.key), to: $0, $1)
      },
      Route(.post, "/api/embed", dialect) { [service] in
        try await generator.respond(OllamaEmbedEndpoint(service: service, key: $1.key, isLegacy: false), to: $0, $1)
      },
      Route(.post, "/api/embeddings", dialect) { [service] in
        try await generator.respond(OllamaEmbedEndpoint(service: service, key: $1.key, isLegacy: true), to: $0, $1)
      },
      Route(.get, "/api/version", dialect) { _, _ in
        WholeReply(["version": .string(Self.version)]).response
      },
    ]
  }
}
