internal import Apus
internal import HTTPTypes
internal import Hummingbird

/// Answers the requests of all paths that need a model, whatever their dialect.
struct Generator: Sendable {
  let service: ModelService

  /// Answers with generated text.
  func respond(
    _ endpoint: some GenerationEndpoint, to request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    try await Intake(service: service).respond(endpoint, to: request, context) { fields, setting in
      try endpoint.job(fields, setting)
    } answer: { job, admitted in
      let timeouts = service.configuration.timeouts
      let limits = AnswerLimits(waiting: timeouts.queue, work: admitted.isStreamed ? nil : timeouts.wholeAnswer)
      let run = try await GenerationRun(
        job.plan, admitted.permit, admitted.usage, limits, preparation: service.preparation, client: context.client,
        outcome: context.outcome, service.models[admitted.choice.model].measures.completions)
      return admitted.isStreamed
        ? Self.stream(run, job.encoder, endpoint.dialect, admitted.heartbeat, context)
        : try await Self.whole(endpoint.dialect, admitted.heartbeat, context) {
          try await run.whole(job.encoder).response
        }
    }
  }

  /// Answers with what an endpoint makes itself.
  func respond(
    _ endpoint: some ReplyEndpoint, to request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    try await Intake(service: service).respond(endpoint, to: request, context) { fields, setting in
      try endpoint.work(fields, setting)
    } answer: { work, admitted in
      try await Self.whole(endpoint.dialect, admitted.heartbeat, context) {
        defer { withExtendedLifetime(admitted.permit) { admitted.usage.end() } }
        do {
          let start = ContinuousClock.now
          let reply = try await context.client.whilePresent(work)
          admitted.usage.note(time: ContinuousClock.now - start)
          // Vectors are millions of digits.
          return try await service.preparation.run(for: context.client) { _ in reply.response }
        } catch let error as ApusError {
          throw Refusal(error, prompt: endpoint.promptField, field: endpoint.field)
        }
      }
    }
  }

  private static func stream(
    _ run: GenerationRun, _ encoder: any AnswerEncoder, _ dialect: any Dialect, _ heartbeat: Heartbeat,
    _ context: APIRequestContext
  ) -> Response {
    let stream = AnswerStream(
      run: run, encoder: encoder, dialect: dialect, requestID: context.requestID, heartbeat: heartbeat)
    return Response(
      status: .ok, headers: dialect.streamHeaders, body: ResponseBody { try await stream.write(to: &$0) })
  }

  private static func whole(
    _ dialect: any Dialect, _ heartbeat: Heartbeat, _ context: APIRequestContext,
    _ work: @escaping @Sendable () async throws -> Response
  ) async throws -> Response {
    let form = LateForm(dialect, isStreamed: false, requestID: context.requestID)
    return try await PendingResponse(form, heartbeat, work) { $0 }.response()
  }
}
