internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// The paths that llama.cpp's server has beside OpenAI's.
struct LlamaCpp: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, generator) = (LlamaDialect(), Generator(service: service))
    let completions = ["/completion", "/completions"].map { path in
      Route(.post, path, dialect) { try await generator.respond(LlamaCompletionEndpoint(), to: $0, $1) }
    }
    let embeddings = ["/embedding", "/embeddings"].map { path in
      Route(.post, path, dialect) { try await generator.respond(LlamaEmbeddingEndpoint(), to: $0, $1) }
    }
    return completions + embeddings + [
      Route(.post, "/infill", dialect) { try await generator.respond(InfillEndpoint(), to: $0, $1) },
      Route(.post, "/apply-template", dialect) { try await generator.respond(ApplyTemplateEndpoint(), to: $0, $1) },
      Route(.post, "/reranking", dialect) {
        try await generator.respond(RerankEndpoint(isRaw: true, dialect: dialect), to: $0, $1)
      },
      Route(.get, "/v1/health", dialect, access: .open) { try Health(service: service).live($0, $1) },
      Route(.get, "/props", dialect) { try await props($0, $1) },
      Route(.post, "/props", dialect) { _, _ in throw Refusal.unsupported("props", "changing settings while it runs") },
      Route(.get, "/slots", dialect) { try await slots($0, $1) },
      Route(.post, "/slots/*", dialect) { _, _ in
        throw Refusal.unsupported("action", "saving and restoring a slot: what is kept of prompts is found by itself")
      },
      Route(.get, "/lora-adapters", dialect) { try await adapters($0, $1) },
      Route(.post, "/lora-adapters", dialect) { _, _ in
        throw Refusal.unsupported("lora-adapters", "one scale for all requests, instead of `lora` in each,")
      },
    ]
  }

  /// `GET /props`: what answers are like where a request says nothing else.
  private func props(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let model = try await service.asked(by: request, context)
    let (setup, tokenizer) = (model.setup, model.setup.tokenizer)
    let settings = LlamaSettings.json(.init(sampling: setup.sampling), isStreamed: false)
    return Response(json: [
      "default_generation_settings": ["params": settings, "n_ctx": .int(setup.contextLength)],
      "total_slots": .int(setup.parallel), "model_alias": .string(model.name),
      // A path is the operator's business.
      "model_path": .string(setup.name), "chat_template": .string(tokenizer.chatTemplate ?? ""),
      "bos_token": .string(tokenizer.beginning?.text ?? ""), "eos_token": .string(tokenizer.end?.text ?? ""),
      "modalities": ["vision": false, "audio": false],
      "build_info": .string("apus-\(service.configuration.version)"), "is_sleeping": .bool(model.running == nil),
    ])
  }

  /// `GET /slots`: a slot for each completion that can be worked on; 503 with `fail_on_no_slot` where none is free.
  private func slots(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let model = try await service.asked(by: request, context)
    let (count, running) = (model.setup.parallel, model.running ?? 0)
    let mustBeFree = request.uri.queryParameters["fail_on_no_slot"].map { $0 != "0" } ?? false
    guard !mustBeFree || running < count else { throw Refusal.noSlot }
    return Response(
      json: .array(
        (0..<count).map { slot in
          [
            "id": .int(slot), "n_ctx": .int(model.setup.contextLength), "is_processing": .bool(slot < running),
          ]
        }))
  }

  /// `GET /lora-adapters`: the adapters that `lora` of a request may name by their numbers.
  private func adapters(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let names = service.names.adapters
    return Response(
      json: .array(
        names.enumerated().map { ["id": .int($0), "path": .string($1), "scale": 0] }))
  }
}

extension Refusal {
  fileprivate static let noSlot = Refusal(.queueFull, "no slot available").retry(after: 1)
}
