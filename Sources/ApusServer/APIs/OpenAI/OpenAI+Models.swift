internal import Apus
internal import ApusJSON
internal import ApusText
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

extension OpenAI {
  /// `GET /v1/models`.
  func models(_ request: Request, _ context: APIRequestContext) -> Response {
    json(["object": "list", "data": .array((service.names.list + service.names.adapters).map { description(id: $0) })])
  }

  /// `GET /v1/models/{id}`, whose id may contain slashes.
  func model(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let encoded = context.parameters.getCatchAll().joined(separator: "/")
    guard let id = encoded.removingPercentEncoding, !id.isEmpty else {
      throw APIError.invalid("model", "the model's name in the path is not valid")
    }
    return json(description(id: try service.names.choice(for: id.shortened(toByteCount: 256)).name))
  }

  private func json(_ value: JSONValue) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(json: value)))
  }

  /// The model, alone or with an adapter, as OpenAI describes one, with what vLLM and llama.cpp add.
  private func description(id: String) -> JSONValue {
    let information = service.model.information
    let meta: JSONValue = [
      "n_vocab": .int(information.vocabularySize), "n_ctx_train": .int(information.trainedContextLength),
      "n_params": .int(information.parameters), "size": .int(information.fileBytes),
      "architecture": .string(information.architecture),
    ]
    return [
      "id": .string(id), "object": "model", "created": .int(service.started), "owned_by": "apus",
      "root": .string(service.names.list[0]),
      "parent": service.names.adapters.contains(id) ? .string(service.names.list[0]) : .null,
      "max_model_len": .int(information.contextLength), "permission": [], "meta": meta,
    ]
  }
}
