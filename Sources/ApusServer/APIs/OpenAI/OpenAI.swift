internal import Apus
internal import HTTPTypes
internal import Hummingbird

/// The paths of OpenAI's API: completions, chat completions and models.
struct OpenAI: Sendable {
  let service: ModelService

  /// A request that can be worked on: what its completions are, and how their answer looks.
  private struct Prepared: Sendable {
    var plan: GenerationPlan
    let answer: Answer
    let isStreamed: Bool
    var ignored = IgnoredFields()

    init(_ model: Model, _ fields: GenerationFields, _ prompts: [[Token]], _ answer: Answer) {
      plan = GenerationPlan(model: model, prompts: prompts, count: fields.choices, options: fields.options)
      self.answer = answer
      isStreamed = fields.isStreamed
    }
  }

  /// `POST /v1/completions`.
  func completions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    try await respond(to: request, context, prompt: "prompt") { fields, shouldStop in
      let model = service.model
      let completion = try CompletionRequest(fields, model: model, limits: service.configuration.limits)
      let name = try service.names.choice(for: completion.fields.model).name
      let prompts = try completion.prompts(model, shouldStop)
      let (count, echoes) = (completion.fields.choices, completion.isEchoed)
      let hasLogProbabilities = completion.fields.options.topLogProbabilities != nil
      let answer = makeAnswer(
        completion.fields, model: name, id: "cmpl-", whole: "text_completion", frame: "text_completion"
      ) { choice in
        let prompt = prompts[choice / count]
        guard hasLogProbabilities else { return TextChoice(echo: echoes ? prompt.text : "") }
        guard completion.scoresPrompts else {
          return TextChoice(echo: "", logProbabilities: LegacyLogProbabilities(model, promptText: prompt.text))
        }
        let echo = ScoredEcho(prompt.tokens, added: prompt.added)
        return TextChoice(
          echo: prompt.text, logProbabilities: echo.logProbabilities(model, prompt.text), scoredEcho: echo)
      }
      var prepared = Prepared(model, completion.fields, prompts.map(\.tokens), answer)
      prepared.plan.scoresPrompts = completion.scoresPrompts
      return prepared
    }
  }

  /// `POST /v1/chat/completions`.
  func chatCompletions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    try await respond(to: request, context, prompt: "messages") { fields, shouldStop in
      let model = service.model
      let chat = try ChatRequest(fields, model: model, limits: service.configuration.limits)
      let name = try service.names.choice(for: chat.fields.model).name
      let hasLogProbabilities = chat.fields.options.topLogProbabilities != nil
      let answer = makeAnswer(
        chat.fields, model: name, id: "chatcmpl-", whole: "chat.completion", frame: "chat.completion.chunk"
      ) { _ in ChatChoice(model: model, hasLogProbabilities: hasLogProbabilities) }
      return Prepared(model, chat.fields, [try chat.prompt(model, shouldStop)], answer)
    }
  }

  private func makeAnswer(
    _ fields: GenerationFields, model: String, id prefix: String, whole: String, frame: String,
    format: @escaping @Sendable (_ choice: Int) -> any ChoiceFormat
  ) -> Answer {
    Answer(
      id: prefix + hexadecimalDigits(of: UInt64.random(in: .min ... .max)), created: service.configuration.unixTime(),
      model: model, fingerprint: service.fingerprint, wholeKind: whole, frameKind: frame,
      includesUsage: fields.includesUsage, format: format)
  }

  /// Answers one request: its body is read, it gets a place or is refused, and only then anything dear is done.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - context: Where it came from.
  ///   - prompt: The field that holds the prompt, for errors.
  ///   - prepare: Makes prompts of the request's fields, on a thread for such work.
  /// - Returns: The response.
  /// - Throws: `APIError` or `ApusError` where the request is refused.
  private func respond(
    to request: Request, _ context: APIRequestContext, prompt: String,
    _ prepare: @escaping @Sendable (RequestFields, @escaping Preparation.ShouldStop) throws -> Prepared
  ) async throws -> Response {
    let client = context.client
    let (permit, prepared) = try await admit(request, client) { fields, shouldStop in
      do {
        var prepared = try prepare(fields, shouldStop)
        prepared.ignored = fields.ignored
        return prepared
      } catch let error as ApusError {
        throw APIError(error, prompt: prompt)
      }
    }
    try await service.file.check(context.logger)
    let timeouts = service.configuration.timeouts
    let limits = AnswerLimits(waiting: timeouts.queue, work: prepared.isStreamed ? nil : timeouts.wholeAnswer)
    let run = try await GenerationRun(
      prepared.plan, permit, limits, preparation: service.preparation, client: client, outcome: context.outcome)
    let heartbeat = Heartbeat(interval: timeouts.heartbeat, client: client)
    var response =
      prepared.isStreamed
      ? stream(prepared.answer, run, heartbeat) : try await whole(prepared.answer, run, heartbeat)
    prepared.ignored.write(to: &response.headers)
    return response
  }

  /// Reads a request's body, takes a place for it, and prepares it; the body is held no longer than that.
  private func admit(
    _ request: Request, _ client: ClientPresence?,
    _ prepare: @escaping @Sendable (RequestFields, @escaping Preparation.ShouldStop) throws -> Prepared
  ) async throws -> (AdmissionPermit, Prepared) {
    let reader = service.body
    let body = try await reader.held(of: request)
    let permit = try service.admission.admit()
    let prepared = try await service.preparation.run(for: client) { shouldStop in
      try prepare(reader.object(of: body).lifting(KnownFields.nested), shouldStop)
    }
    return (permit, prepared)
  }

  private func whole(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) async throws -> Response {
    try await PendingAnswer(heartbeat: heartbeat) { try await answer.whole(run) }.response()
  }

  private func stream(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) -> Response {
    let stream = AnswerStream(answer: answer, run: run, heartbeat: heartbeat)
    var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
    if let unbuffered = HTTPField.Name("X-Accel-Buffering") { headers[unbuffered] = "no" }
    return Response(status: .ok, headers: headers, body: ResponseBody { try await stream.write(to: &$0) })
  }
}
