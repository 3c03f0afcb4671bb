internal import Apus
internal import HTTPTypes
internal import Hummingbird

/// Answers the requests of all paths that need a model, whatever their dialect.
struct Generator: Sendable {
  let service: ModelService

  /// Answers; a client that tries the same call again gets the answer that it has asked for before.
  func respond(
    _ endpoint: some AnsweringEndpoint, to request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    guard endpoint.dialect.signingService != nil, let attempt = Attempt(request) else {
      return try await answer(endpoint, to: request, context)
    }
    let body = try await Intake(service: service).body(of: request, context)
    let key = try await service.preparation.run(for: context.client) { _ in
      endpoint.isShared(body) ? JoinKey(attempt, owner: context.owner, request, body: body.bytes) : nil
    }
    let checked = Request(head: request.head, body: RequestBody(buffer: ByteBuffer(bytes: body.bytes)))
    var own = context
    own.signature = nil
    var shared = own
    shared.showsLife = false
    let wait = key.flatMap { key in
      service.joined.answer(key, attempt, for: context) { [shared] presence in
        var context = shared
        context.client = presence
        return try await answer(endpoint, to: checked, context)
      }
    }
    guard let wait else { return try await answer(endpoint, to: checked, own) }
    let heartbeat = Heartbeat(interval: service.configuration.timeouts.heartbeat, client: context.client)
    var response = try await Self.whole(endpoint.dialect, heartbeat, context) { try await wait.response() }
    // It may have begun before there was an answer.
    response.variant = wait.outcome.parties.variant
    return response
  }

  private func answer(
    _ endpoint: some AnsweringEndpoint, to request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    try await Intake(service: service).respond(endpoint, to: request, context) { fields, setting in
      try endpoint.task(fields, setting).within(setting.scope)
    } answer: { task, admitted in
      switch task {
      case .generation(let job): try await generate(job, endpoint.dialect, request, admitted, context)
      case .reply(let task): try await reply(task, endpoint, admitted, context)
      }
    }
  }

  private func generate(
    _ job: GenerationJob, _ dialect: any Dialect, _ request: Request, _ admitted: Intake.Admitted,
    _ context: APIRequestContext
  ) async throws -> Response {
    context.outcome.trace?.note(job.plan, model: admitted.choice.name)
    let timeouts = service.configuration.timeouts
    let limits = AnswerLimits(waiting: timeouts.queue, work: admitted.isStreamed ? nil : timeouts.wholeAnswer)
    var plan = job.plan
    if context.isBackground { plan.options.priority = -1 }
    let model = service.models[admitted.choice.model]
    let start = CompletionStart(plan: plan, use: service.cacheUse(of: request, context, model: model.name))
    let run = try await GenerationRun(
      start, admitted.permit, admitted.usage, limits, preparation: service.preparation, client: context.client,
      outcome: context.outcome, model.measures.completions)
    return admitted.isStreamed
      ? try await Self.stream(run, job.encoder, AnswerKeeper(service: service), dialect, admitted.heartbeat, context)
      : try await Self.whole(dialect, admitted.heartbeat, context) {
        var response = try await run.whole(job.encoder, AnswerKeeper(service: service)).response
        response.cacheOutcome = run.cacheOutcome
        return response
      }
  }

  /// Answers with what an endpoint makes itself.
  private func reply(
    _ task: ReplyTask, _ endpoint: some AnsweringEndpoint, _ admitted: Intake.Admitted,
    _ context: APIRequestContext
  ) async throws -> Response {
    if let operation = task.operation { context.outcome.trace?.note(operation, model: admitted.choice.name) }
    return try await Self.whole(endpoint.dialect, admitted.heartbeat, context) {
      defer { withExtendedLifetime(admitted.permit) { admitted.usage.end() } }
      do {
        let start = ContinuousClock.now
        let reply = try await context.client.whilePresent(task.work)
        admitted.usage.note(time: ContinuousClock.now - start)
        context.outcome.trace?.part("work", from: start)
        // Vectors are millions of digits.
        return try await service.preparation.run(for: context.client) { _ in reply.response }
      } catch let error as ApusError {
        throw Refusal(error, prompt: endpoint.promptField, field: endpoint.field)
      }
    }
  }

  private static func stream(
    _ run: GenerationRun, _ encoder: any AnswerEncoder, _ keeper: AnswerKeeper, _ dialect: any Dialect,
    _ heartbeat: Heartbeat, _ context: APIRequestContext
  ) async throws -> Response {
    var stream = AnswerStream(run, encoder, keeper, dialect, requestID: context.requestID, heartbeat)
    try await stream.begin()
    var response = Response(
      status: .ok, headers: dialect.streamHeaders, body: ResponseBody { [stream] in try await stream.write(to: &$0) })
    response.headers.append(contentsOf: encoder.streamHeaders)
    response.cacheOutcome = run.cacheOutcome
    return response
  }

  private static func whole(
    _ dialect: any Dialect, _ heartbeat: Heartbeat, _ context: APIRequestContext,
    _ work: @escaping @Sendable () async throws -> Response
  ) async throws -> Response {
    let form = LateForm(dialect, isStreamed: false, context)
    return try await PendingResponse(form, heartbeat, work) { $0 }.response()
  }
}
