internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// The paths of Text Generation Inference beside OpenAI's.
struct TGI: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, generator) = (TGIDialect(), Generator(service: service))
    func route(_ path: String, _ form: TGIEndpoint.Form) -> Route {
      Route(.post, path, dialect) { try await generator.respond(TGIEndpoint(form: form), to: $0, $1) }
    }
    return [
      route("/generate", .whole), route("/generate_stream", .stream), route("/", .either),
      Route(.get, "/info", dialect) { try await information($0, $1) },
    ]
  }

  /// `GET /info`.
  private func information(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let setup = try await service.asked(by: request, context).setup
    let limits = service.configuration.limits
    return Response(json: [
      "model_id": .string(setup.name), "model_sha": .null, "model_pipeline_tag": "text-generation",
      "model_dtype": .string(setup.format), "model_device_type": "cpu",
      "max_concurrent_requests": .int(service.admission.limit), "max_best_of": .int(limits.choices),
      "max_stop_sequences": .int(limits.stops), "max_input_tokens": .int(setup.contextLength - 1),
      "max_total_tokens": .int(setup.contextLength), "max_client_batch_size": 1, "router": "apus",
      "version": .string(service.configuration.version), "sha": .null, "docker_label": .null,
    ])
  }
}
