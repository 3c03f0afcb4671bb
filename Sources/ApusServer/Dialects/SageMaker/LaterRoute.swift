internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

extension SageMaker {
  /// `POST /endpoints/{name}/async-invocations`: takes a request that lies in a store, and says where its answer will lie.
  ///
  /// Nothing is read here but the request's head: whether the object is there shows when its turn has come.
  func invokeLater(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    guard let desk = service.later, let settings = service.configuration.laterInvocations else {
      throw Refusal(
        .unsupported,
        "this server reads no requests from S3: invoke the endpoint itself, or start it with --async-input and "
          + "--async-output")
    }
    // It has no body; what is signed is checked with it.
    _ = try await Intake(service: service).body(of: request, context)
    _ = try service.names.choice(
      for: request.targetModel ?? request.component(1), by: context.key, variant: request.targetVariant)
    let isListed = context.key.map { key in service.keys.ring().keys.contains { $0.owner == key.owner } } ?? false
    let invocation = try LaterInvocation(request, context, settings, isKeyListed: isListed)
    try await desk.add(invocation)
    var response = WholeReply(["InferenceId": .string(invocation.id)]).response
    response.status = .accepted
    for (name, place) in [("OutputLocation", invocation.output), ("FailureLocation", invocation.failure)] {
      if let field = HTTPField.Name("X-Amzn-SageMaker-" + name) { response.headers[field] = place.description }
    }
    return response
  }
}
