internal import Apus
internal import ApusJSON
internal import ApusText
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

extension OpenAI {
  /// `GET /v1/models`.
  func models(_ request: Request, _ context: APIRequestContext) -> Response {
    let known = service.models.numbers.filter { context.key?.allows(model: service.models[$0].name) ?? true }
    let models =
      known.map { description($0, id: service.models[$0].name) }
      + service.names.further.filter { known.contains($0.model) }.map { description($0.model, id: $0.name) }
    let adapters =
      known.first == service.models.numbers.first ? service.names.adapters.map { description(0, id: $0) } : []
    let list = models + adapters
    return Response(json: [
      "object": "list", "data": .array(list), "has_more": false, "first_id": list.first?["id"] ?? .null,
      "last_id": list.last?["id"] ?? .null,
    ])
  }

  /// `GET /v1/models/{id}`, whose id may contain slashes.
  func model(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let encoded = context.parameters.getCatchAll().joined(separator: "/")
    guard let id = encoded.removingPercentEncoding, !id.isEmpty else {
      throw Refusal.invalid("model", "the model's name in the path is not valid")
    }
    let choice = try service.names.choice(
      for: id.shortened(toByteCount: service.configuration.limits.modelNameByteCount), by: context.key)
    return Response(json: description(choice.model, id: choice.name))
  }

  /// The model, alone or with an adapter, as OpenAI describes one, with what Anthropic, vLLM and llama.cpp add; of one
  /// that is not loaded less is known.
  private func description(_ number: Int, id: String) -> JSONValue {
    let name = service.models[number].name
    let information = service.pool.loadedModels[name]?.information
    return [
      "id": .string(id), "object": "model", "created": .int(service.started), "owned_by": "apus",
      "type": "model", "display_name": .string(id), "lifecycle": "active",
      "created_at": .string(Date(timeIntervalSince1970: Double(service.started)).ISO8601Format()),
      "max_input_tokens": information.map { .int($0.contextLength) } ?? .null,
      "root": .string(name), "parent": service.names.adapters.contains(id) ? .string(name) : .null,
      "max_model_len": information.map { .int($0.contextLength) } ?? .null, "permission": [],
      "status": ["value": information == nil ? "unloaded" : "loaded"], "meta": information.map(meta) ?? .null,
    ]
  }

  private func meta(_ information: ModelInformation) -> JSONValue {
    [
      "n_vocab": .int(information.vocabularySize), "n_ctx_train": .int(information.trainedContextLength),
      "n_params": .int(information.parameters), "size": .int(information.fileBytes),
      "architecture": .string(information.architecture),
    ]
  }
}
