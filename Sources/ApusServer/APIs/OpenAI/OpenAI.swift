internal import Apus
internal import ApusJSON
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

    init(_ lease: ModelLease, _ fields: GenerationFields, _ prompts: [[Token]], _ answer: Answer) {
      plan = GenerationPlan(lease: lease, prompts: prompts, count: fields.choices, options: fields.options)
      self.answer = answer
      isStreamed = fields.isStreamed
    }
  }

  /// A request whose body was read and that has its places.
  private struct Admitted: Sendable {
    let object: JSONObject
    /// The object's part of the memory for bodies.
    let claim: BodyMemory.Claim
    let choice: ModelChoice
    let isStreamed: Bool
    let permit: AdmissionPermit
  }

  /// Makes prompts of a request's fields, for the model that answers it under a name, on a thread for such work.
  private typealias Prepare =
    @Sendable (RequestFields, ModelLease, String, @escaping Preparation.ShouldStop) throws -> Prepared

  /// `POST /v1/completions`.
  func completions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    try await respond(to: request, context, prompt: "prompt") { fields, lease, name, shouldStop in
      let model = lease.model
      let completion = try CompletionRequest(fields, model: model, limits: service.configuration.limits)
      let prompts = try completion.prompts(model, shouldStop)
      let (count, echoes) = (completion.fields.choices, completion.isEchoed)
      let hasLogProbabilities = completion.fields.options.topLogProbabilities != nil
      let answer = makeAnswer(
        completion.fields, model, name, id: "cmpl-", whole: "text_completion", frame: "text_completion"
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
      var prepared = Prepared(lease, completion.fields, prompts.map(\.tokens), answer)
      prepared.plan.scoresPrompts = completion.scoresPrompts
      return prepared
    }
  }

  /// `POST /v1/chat/completions`.
  func chatCompletions(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    try await respond(to: request, context, prompt: "messages") { fields, lease, name, shouldStop in
      let model = lease.model
      let chat = try ChatRequest(fields, model: model, limits: service.configuration.limits)
      let prompt = try chat.prompt(model, shouldStop)
      let (tools, hasLogProbabilities) = (chat.tools, chat.fields.options.topLogProbabilities != nil)
      let answer = makeAnswer(
        chat.fields, model, name, id: "chatcmpl-", whole: "chat.completion", frame: "chat.completion.chunk"
      ) { _ in
        ChatChoice(
          model, tools, startsInReasoning: prompt.startsInReasoning, hasLogProbabilities: hasLogProbabilities)
      }
      var prepared = Prepared(lease, chat.fields, [prompt.tokens], answer)
      prepared.plan.shownTokens = model.turnMarks
      prepared.plan.startsInReasoning = prompt.startsInReasoning
      return prepared
    }
  }

  private func makeAnswer(
    _ fields: GenerationFields, _ model: Model, _ name: String, id prefix: String, whole: String, frame: String,
    format: @escaping @Sendable (_ choice: Int) -> any ChoiceFormat
  ) -> Answer {
    Answer(
      id: prefix + hexadecimalDigits(of: UInt64.random(in: .min ... .max)), created: service.configuration.unixTime(),
      model: name, fingerprint: model.information.fingerprint, wholeKind: whole, frameKind: frame,
      includesUsage: fields.includesUsage, format: format)
  }

  /// Answers one request: its body is read, it gets a place or is refused, and only then anything dear is done.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - context: Where it came from.
  ///   - prompt: The field that holds the prompt, for errors.
  ///   - prepare: Makes prompts of the request's fields.
  /// - Returns: The response.
  /// - Throws: `APIError` or `ApusError` where the request is refused.
  private func respond(
    to request: Request, _ context: APIRequestContext, prompt: String, _ prepare: @escaping Prepare
  ) async throws -> Response {
    let admitted = try await admit(request, context)
    let heartbeat = Heartbeat(interval: service.configuration.timeouts.heartbeat, client: context.client)
    return try await PendingResponse(admitted.isStreamed ? .events : .json, heartbeat) {
      try await service.lease(admitted.choice.model, for: context.client, context.logger)
    } respond: { lease in
      let prepared = try await self.prepared(admitted, lease, context, prompt: prompt, prepare)
      try await service.models[admitted.choice.model].file.check(lease.model, context.logger)
      return try await answer(prepared, admitted.permit, heartbeat, context)
    }.response()
  }

  /// Reads a request's body, and takes a place among all requests before it is parsed, and one at its model behind that.
  private func admit(_ request: Request, _ context: APIRequestContext) async throws -> Admitted {
    let (reader, names) = (service.body, service.names)
    let body = try await reader.held(of: request)
    let permit = try service.admission.admit()
    let (object, choice, isStreamed) = try await service.preparation.run(for: context.client) { _ in
      let object = try reader.object(of: body)
      let fields = try RequestFields(object).lifting(KnownFields.nested)
      let name = try fields.string("model", upTo: reader.limits.modelNameByteCount)
      return (object, try names.choice(for: name), try fields.bool("stream") ?? false)
    }
    let model = service.models[choice.model]
    context.outcome.note(model: model.name)
    return Admitted(
      object: object, claim: body.claim, choice: choice, isStreamed: isStreamed,
      permit: try model.admission.admit(beside: permit))
  }

  private func prepared(
    _ admitted: Admitted, _ lease: ModelLease, _ context: APIRequestContext, prompt: String,
    _ prepare: @escaping Prepare
  ) async throws -> Prepared {
    try await service.preparation.run(for: context.client) { shouldStop in
      let fields = try RequestFields(admitted.object).lifting(KnownFields.nested)
      do {
        var prepared = try prepare(fields, lease, admitted.choice.name, shouldStop)
        prepared.ignored = fields.ignored
        return prepared
      } catch let error as ApusError {
        throw APIError(error, prompt: prompt)
      }
    }
  }

  private func answer(
    _ prepared: Prepared, _ permit: AdmissionPermit, _ heartbeat: Heartbeat, _ context: APIRequestContext
  ) async throws -> Response {
    let timeouts = service.configuration.timeouts
    let limits = AnswerLimits(waiting: timeouts.queue, work: prepared.isStreamed ? nil : timeouts.wholeAnswer)
    let run = try await GenerationRun(
      prepared.plan, permit, limits, preparation: service.preparation, client: context.client, outcome: context.outcome)
    var response =
      prepared.isStreamed
      ? stream(prepared.answer, run, heartbeat) : try await whole(prepared.answer, run, heartbeat)
    prepared.ignored.write(to: &response.headers)
    return response
  }

  private func whole(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) async throws -> Response {
    try await PendingResponse(.json, heartbeat) {
      try await answer.whole(run)
    } respond: { json in
      Response(status: .ok, headers: LateForm.json.headers, body: ResponseBody(byteBuffer: ByteBuffer(json: json)))
    }.response()
  }

  private func stream(_ answer: Answer, _ run: GenerationRun, _ heartbeat: Heartbeat) -> Response {
    let stream = AnswerStream(answer: answer, run: run, heartbeat: heartbeat)
    return Response(
      status: .ok, headers: LateForm.events.headers, body: ResponseBody { try await stream.write(to: &$0) })
  }
}

extension ModelInformation {
  /// Differs between models and kernels, so that clients see when the same seed may give another text.
  fileprivate var fingerprint: String {
    "apus_" + hexadecimalDigits(of: fnv1a("\(name) \(fileBytes) \(kernels) \(kvFormat.rawValue)"))
  }
}

/// The FNV-1a hash of a text, 64 bits (Fowler, Noll, Vo): stable from run to run.
private func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
