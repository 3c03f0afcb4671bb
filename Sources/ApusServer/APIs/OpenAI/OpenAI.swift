internal import Apus
internal import HTTPTypes
internal import Hummingbird

/// The paths of OpenAI's API: completions, chat completions and models.
struct OpenAI: Sendable {
  let service: ModelService

  /// `POST /v1/completions`.
  func completions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let fields = try await service.body.object(of: request)
    let completion = try CompletionRequest(fields, model: service.model, limits: service.configuration.limits)
    let (prompts, count, model) = (completion.prompts, completion.fields.choices, service.model)
    let echoes = completion.isEchoed
    let hasLogProbabilities = completion.fields.options.topLogProbabilities != nil
    let answer = try makeAnswer(
      completion.fields, id: "cmpl-", whole: "text_completion", frame: "text_completion"
    ) { choice in
      let prompt = prompts[choice / count]
      let logProbabilities = hasLogProbabilities ? LegacyLogProbabilities(model, promptText: prompt.text) : nil
      return TextChoice(echo: echoes ? prompt.text : "", logProbabilities: logProbabilities)
    }
    return try await respond(with: answer, prompts.map(\.tokens), completion.fields, context)
  }

  /// `POST /v1/chat/completions`.
  func chatCompletions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let fields = try await service.body.object(of: request)
    let chat = try ChatRequest(fields, model: service.model, limits: service.configuration.limits)
    let model = service.model
    let hasLogProbabilities = chat.fields.options.topLogProbabilities != nil
    let answer = try makeAnswer(
      chat.fields, id: "chatcmpl-", whole: "chat.completion", frame: "chat.completion.chunk"
    ) { _ in ChatChoice(model: model, hasLogProbabilities: hasLogProbabilities) }
    return try await respond(with: answer, [chat.prompt], chat.fields, context)
  }

  private func makeAnswer(
    _ fields: GenerationFields, id prefix: String, whole: String, frame: String,
    format: @escaping @Sendable (_ choice: Int) -> any ChoiceFormat
  ) throws(APIError) -> Answer {
    Answer(
      id: prefix + hexadecimalDigits(of: UInt64.random(in: .min ... .max)), created: service.configuration.unixTime(),
      model: try service.name(answering: fields.model), fingerprint: service.fingerprint, wholeKind: whole,
      frameKind: frame, includesUsage: fields.includesUsage, format: format)
  }

  private func respond(
    with answer: Answer, _ prompts: [[Token]], _ fields: GenerationFields, _ context: APIRequestContext
  ) async throws -> Response {
    let plan = GenerationPlan(model: service.model, prompts: prompts, count: fields.choices, options: fields.options)
    try plan.check()
    let run = try GenerationRun(plan, admission: service.admission)
    let client = service.connections.presence(of: context.channel)
    run.end(with: client)
    let heartbeat = Heartbeat(interval: service.configuration.timeouts.heartbeat, client: client)
    return fields.isStreamed ? stream(answer, run, heartbeat) : try await whole(answer, run, heartbeat)
  }

  private func whole(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) async throws -> Response {
    let deadline = service.configuration.timeouts.wholeAnswer
    return try await PendingAnswer(heartbeat: heartbeat) {
      let watchdog = Task {
        try await Task.sleep(for: deadline)
        run.interrupt(.deadline)
      }
      defer { watchdog.cancel() }
      return try await answer.whole(run)
    }.response()
  }

  private func stream(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) -> Response {
    let stream = AnswerStream(answer: answer, run: run, heartbeat: heartbeat)
    var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
    if let unbuffered = HTTPField.Name("X-Accel-Buffering") { headers[unbuffered] = "no" }
    return Response(status: .ok, headers: headers, body: ResponseBody { try await stream.write(to: &$0) })
  }
}
