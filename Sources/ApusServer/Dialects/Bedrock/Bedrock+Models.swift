internal import Apus
internal import ApusJSON
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

extension Bedrock {
  /// What a query filters by, and the member of a model's description that it looks at.
  private static let filters = [
    ("byProvider", "providerName"), ("byOutputModality", "outputModalities"),
    ("byInferenceType", "inferenceTypesSupported"), ("byCustomizationType", "customizationsSupported"),
  ]

  /// `GET /foundation-models`, with the filters of its query.
  func models(_ request: Request, _ context: APIRequestContext) -> Response {
    let query = request.uri.queryParameters
    let known = service.models.numbers.filter { context.key?.allows(model: service.models[$0].name) ?? true }
    let models = known.map { description($0, id: service.models[$0].name) }.filter { model in
      Self.filters.allSatisfy { filter, member in
        guard let wanted = query[Substring(filter)].map({ JSONValue.string(String($0)) }) else { return true }
        guard case .array(let values)? = model[member] else { return model[member] == wanted }
        return values.contains(wanted)
      }
    }
    return json(["modelSummaries": .array(models)])
  }

  /// `GET /foundation-models/{id}`.
  func model(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let choice = try choice(request, context)
    return json(["modelDetails": description(choice.model, id: choice.name)])
  }

  /// `GET /foundation-model-availability/{id}`: a model that is served may be used.
  func availability(_ request: Request, _ context: APIRequestContext) throws -> Response {
    json([
      "modelId": .string(try choice(request, context).name), "agreementAvailability": ["status": "AVAILABLE"],
      "authorizationStatus": "AUTHORIZED", "entitlementAvailability": "AVAILABLE", "regionAvailability": "AVAILABLE",
    ])
  }

  /// The model that the path names behind its first component.
  private func choice(_ request: Request, _ context: APIRequestContext) throws(Refusal) -> ModelChoice {
    let name = request.uri.path.split(separator: "/").dropFirst().joined(separator: "/").removingPercentEncoding
    guard let model = name.flatMap(BedrockPath.model),
      model.utf8.count <= service.configuration.limits.modelNameByteCount
    else { throw .invalid("modelIdentifier", "The provided model identifier is invalid.") }
    return try service.names.choice(for: model, by: context.key)
  }

  /// A model as Bedrock describes one; one that is not loaded is taken for one that writes text.
  private func description(_ number: Int, id: String) -> JSONValue {
    let information = service.pool.loadedModels[service.models[number].name]?.information
    let isGenerating = information.map { $0.purpose == .generation } ?? true
    return [
      "modelArn": .string("arn:aws:bedrock:local::foundation-model/" + id), "modelId": .string(id),
      "modelName": .string(id), "providerName": "Apus", "inputModalities": ["TEXT"],
      "outputModalities": [isGenerating ? "TEXT" : "EMBEDDING"], "responseStreamingSupported": .bool(isGenerating),
      "customizationsSupported": [], "inferenceTypesSupported": ["ON_DEMAND"], "modelLifecycle": ["status": "ACTIVE"],
    ]
  }

  private func json(_ value: JSONValue) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(json: value)))
  }
}
