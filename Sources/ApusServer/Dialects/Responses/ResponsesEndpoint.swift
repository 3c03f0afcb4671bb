internal import Apus
internal import ApusJSON
internal import ApusStore
internal import Hummingbird

/// `POST /v1/responses`.
struct ResponsesEndpoint: GenerationEndpoint {
  var dialect: any Dialect { ResponsesDialect() }
  var promptField: String { "input" }

  func field(_ name: String) -> String { name == "max_tokens" ? "max_output_tokens" : name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    var target = try fields.target()
    target.recall = try fields.previousResponse()
    return target
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let request = try ResponsesRequest(fields, setting)
    let form = ResponseForm(id: newIdentifier("resp_"), created: setting.time, model: setting.name, echo: request.echo)
    let events = ResponseEvents(form: form, customTools: request.tools.customNames)
    var encoder = ResponsesEncoder(events: events, isKept: request.isKept || !request.isStoreWanted)
    if request.isKept {
      encoder.keeping = (DocumentKey(.response, owner: setting.owner, id: form.id), request.items)
    }
    return GenerationJob(plan: try request.input.plan(setting), encoder: encoder)
  }
}

/// `POST /v1/responses/input_tokens`: how many tokens the same request would have before its answer.
struct ResponsesCountEndpoint: ReplyEndpoint {
  var dialect: any Dialect { ResponsesDialect() }
  var promptField: String { "input" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    var target = RequestTarget(model: try fields.string("model"), isStreamed: false)
    target.recall = try fields.previousResponse()
    return target
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let count = try ResponsesRequest(fields, setting).input.prompt(setting).tokens.count
    return { WholeReply(["object": "response.input_tokens", "input_tokens": .int(count)]) }
  }
}

extension RequestFields {
  /// The answer that a request goes on from.
  fileprivate func previousResponse() throws(Refusal) -> Recall? {
    try string("previous_response_id").map { Recall(kind: .response, id: $0, missing: .unknownPreviousResponse) }
  }
}

/// Writes answers of `/v1/responses`.
struct ResponsesEncoder: AnswerEncoder {
  var events: ResponseEvents
  /// Where it is kept, and what was said before it; nil where it is not to be kept.
  var keeping: (key: DocumentKey, input: [JSONValue])?
  /// False where the client wanted it to be kept, and it is not.
  var isKept: Bool

  mutating func open(_ choice: Int) -> [UInt8] { frames(events.begin()) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { frames(events.take(delta.events)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { frames(events.end(result)) }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  mutating func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var reply = WholeReply(events.response(choices[0]))
    if !isKept { reply.headers = WholeReply.notKept }
    return reply
  }

  mutating func record(_ result: ChoiceResult) -> AnswerRecord? {
    guard let keeping else { return nil }
    let kept = KeptResponse(input: keeping.input, response: events.response(result))
    return AnswerRecord(key: keeping.key) { _ in kept.body }
  }

  mutating func recordFailed() {
    isKept = keeping == nil && isKept
    events.tellNotKept()
  }

  private func frames(_ events: [JSONValue]) -> [UInt8] { events.flatMap(Framing.events.frame(typed:)) }
}
