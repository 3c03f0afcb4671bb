internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// The paths of Amazon SageMaker: those that its platform asks of a container, and those of its runtime's own API.
struct SageMaker: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (container, runtime) = (OpenAIDialect(), SageMakerDialect())
    let health = Health(service: service)
    let models = ContainerModels(service: service)
    return [
      Route(.get, "/ping", container, access: .open) { try await health.ready($0, $1) },
      Route(.post, "/ping", container, access: .open) { try await health.ready($0, $1) },
      Route(.post, "/invocations", container) { request, context in
        try await generator.respond(InvocationsEndpoint(model: request.targetModel), to: request, context)
      },
      Route(.post, "/models/*/invoke", container) { request, context in
        try await generator.respond(InvocationsEndpoint(model: request.component(1)), to: request, context)
      },
      Route(.post, "/models", container) { try await models.load($0, $1) },
      Route(.get, "/models", container) { try models.list($0, $1) },
      Route(.get, "/models/*", container) { try models.describe($0, $1) },
      Route(.delete, "/models/*", container) { try models.unload($0, $1) },
      Route(.post, "/endpoints/*/invocations", runtime) { try await invoke($0, $1, RuntimeEndpoint.init) },
      Route(.post, "/endpoints/*/invocations-response-stream", runtime) {
        try await invoke($0, $1, RuntimeStreamEndpoint.init)
      },
      Route(.post, "/endpoints/*/async-invocations", runtime) { _, _ in
        throw Refusal(.unsupported, "this server reads no requests from S3: invoke the endpoint itself")
      },
    ]
  }

  private var generator: Generator { Generator(service: service) }

  /// Answers a request to the endpoint that the path names, and tells it what the platform would.
  private func invoke(
    _ request: Request, _ context: APIRequestContext,
    _ endpoint: (InvocationsEndpoint) -> some AnsweringEndpoint
  ) async throws -> Response {
    let invocations = InvocationsEndpoint(model: request.targetModel ?? request.component(1))
    var response = try await generator.respond(endpoint(invocations), to: request, context)
    if let variant = HTTPField.Name("x-Amzn-Invoked-Production-Variant") {
      response.headers[variant] = response.variant ?? request.sageMakerField("Target-Variant") ?? "AllTraffic"
    }
    if let attributes = request.sageMakerField("Custom-Attributes"), attributes.utf8.count <= 1024,
      let name = HTTPField.Name("X-Amzn-SageMaker-Custom-Attributes")
    {
      response.headers[name] = attributes
    }
    return response
  }
}

extension Request {
  /// The model that a header names among several behind one endpoint.
  fileprivate var targetModel: String? { sageMakerField("Target-Model") ?? sageMakerField("Inference-Component") }

  /// The variant that a header names among several of one endpoint.
  var targetVariant: String? { sageMakerField("Target-Variant") }

  fileprivate func sageMakerField(_ name: String) -> String? {
    HTTPField.Name("X-Amzn-SageMaker-" + name).flatMap { headers[$0] }
  }

  /// A part of the path, its escapes undone.
  func component(_ number: Int) -> String? {
    let parts = uri.path.split(separator: "/")
    return parts.indices.contains(number) ? parts[number].removingPercentEncoding : nil
  }
}
