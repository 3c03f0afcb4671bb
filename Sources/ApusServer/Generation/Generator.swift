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
        job.plan, admitted.permit, limits, preparation: service.preparation, client: context.client,
        outcome: context.outcome)
      return admitted.isStreamed
        ? Self.stream(run, job.encoder, endpoint.dialect, admitted.heartbeat)
        : try await Self.whole(endpoint.dialect, admitted.heartbeat) { try await run.whole(job.encoder) }
    }
  }

  /// Answers with what an endpoint makes itself.
  func respond(
    _ endpoint: some ReplyEndpoint, to request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    try await Intake(service: service).respond(endpoint, to: request, context) { fields, setting in
      try endpoint.work(fields, setting)
    } answer: { work, admitted in
      try await Self.whole(endpoint.dialect, admitted.heartbeat) {
        defer { withExtendedLifetime(admitted.permit) {} }
        do {
          return try await context.client.whilePresent(work)
        } catch let error as ApusError {
          throw Refusal(error, prompt: endpoint.promptField, field: endpoint.field)
        }
      }
    }
  }

  private static func stream(
    _ run: GenerationRun, _ encoder: any AnswerEncoder, _ dialect: any Dialect, _ heartbeat: Heartbeat
  ) -> Response {
    let stream = AnswerStream(run: run, encoder: encoder, dialect: dialect, heartbeat: heartbeat)
    return Response(
      status: .ok, headers: dialect.framing.headers, body: ResponseBody { try await stream.write(to: &$0) })
  }

  private static func whole(
    _ dialect: any Dialect, _ heartbeat: Heartbeat, _ work: @escaping ReplyWork
  ) async throws
    -> Response
  {
    try await PendingResponse(LateForm(dialect, isStreamed: false), heartbeat, work) { reply in
      var headers = LateForm.jsonHeaders
      headers.append(contentsOf: reply.headers)
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(json: reply.body)))
    }.response()
  }
}
