internal import ApusJSON
internal import Hummingbird

/// The paths of Amazon Bedrock: those of its runtime, and of its control plane those that list models.
struct Bedrock: Sendable {
  let service: ModelService

  var routes: [Route] {
    let dialect = BedrockDialect()
    return [
      Route(.post, "/model/**", dialect) { try await ask($0, $1) },
      Route(.get, "/foundation-models", dialect) { models($0, $1) },
      Route(.get, "/foundation-models/**", dialect) { try model($0, $1) },
      Route(.get, "/foundation-model-availability/**", dialect) { try availability($0, $1) },
      Route(.post, "/guardrail/**", dialect) { _, _ in throw Refusal(.notFound, "this server has no guardrails") },
      Route(.post, "/async-invoke", dialect) { _, _ in
        throw Refusal(.notFound, "this server reads no requests from S3: invoke the model itself")
      },
    ]
  }

  private func ask(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    guard let path = BedrockPath(request.uri.path) else { throw Refusal.notFound }
    let generator = Generator(service: service)
    switch path.operation {
    case .invoke, .invokeStream:
      let endpoint = InvokeEndpoint(model: path.model, isStreamed: path.operation == .invokeStream)
      return try await generator.respond(endpoint, to: request, context)
    case .converse, .converseStream:
      let endpoint = ConverseEndpoint(model: path.model, isStreamed: path.operation == .converseStream)
      return try await generator.respond(endpoint, to: request, context)
    case .countTokens:
      return try await generator.respond(CountTokensEndpoint(model: path.model), to: request, context)
    }
  }
}
