internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// The paths that vLLM has beside OpenAI's, some of which llama.cpp and TGI have under the same names.
struct VLLM: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, generator) = (OpenAIDialect(), Generator(service: service))
    return [
      Route(.post, "/tokenize", dialect) { try await generator.respond(TokenizeEndpoint(), to: $0, $1) },
      Route(.post, "/detokenize", dialect) { try await generator.respond(DetokenizeEndpoint(), to: $0, $1) },
      Route(.get, "/tokenizer_info", dialect) { try await tokenizerInfo($0, $1) },
      Route(.get, "/version", dialect) { _, _ in Response(json: ["version": .string(service.configuration.version)]) },
      Route(.get, "/load", dialect) { _, _ in Response(json: ["server_load": .int(service.admission.count)]) },
      Route(.post, "/score", dialect) { try await generator.respond(ScoreEndpoint(), to: $0, $1) },
      Route(.post, "/v1/score", dialect) { try await generator.respond(ScoreEndpoint(), to: $0, $1) },
    ]
      + ["/rerank", "/v1/rerank", "/v2/rerank"].map { path in
        Route(.post, path, dialect) { try await generator.respond(RerankEndpoint(), to: $0, $1) }
      }
  }

  /// `GET /tokenizer_info`: what `tokenizer_config.json` would say, as far as clients read it.
  private func tokenizerInfo(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let setup = try await service.asked(by: request, context).setup
    let tokenizer = setup.tokenizer
    func text(_ token: KeyPath<TokenizerDescription, TokenizerDescription.SpecialToken?>) -> JSONValue {
      tokenizer[keyPath: token].map { .string($0.text) } ?? .null
    }
    return Response(json: [
      "tokenizer_class": .string(tokenizer.family), "bos_token": text(\.beginning), "eos_token": text(\.end),
      "unk_token": text(\.unknown), "pad_token": text(\.padding), "sep_token": text(\.separator),
      "add_bos_token": .bool(tokenizer.addsBeginning), "add_eos_token": .bool(tokenizer.addsEnd),
      "model_max_length": .int(setup.contextLength),
      "chat_template": tokenizer.chatTemplate.map(JSONValue.string) ?? .null,
    ])
  }
}
