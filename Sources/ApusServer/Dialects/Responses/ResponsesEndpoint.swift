internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /v1/responses`.
struct ResponsesEndpoint: GenerationEndpoint {
  var dialect: any Dialect { ResponsesDialect() }
  var promptField: String { "input" }

  func field(_ name: String) -> String { name == "max_tokens" ? "max_output_tokens" : name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let request = try ResponsesRequest(fields, setting)
    let form = ResponseForm(id: newIdentifier("resp_"), created: setting.time, model: setting.name, echo: request.echo)
    let events = ResponseEvents(form: form, customTools: request.tools.customNames)
    return GenerationJob(plan: try request.input.plan(setting), encoder: ResponsesEncoder(events: events))
  }
}

/// Writes answers of `/v1/responses`.
struct ResponsesEncoder: AnswerEncoder {
  var events: ResponseEvents

  mutating func open(_ choice: Int) -> [UInt8] { frames(events.begin()) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { frames(events.take(delta.events)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { frames(events.end(result)) }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  mutating func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    WholeReply(events.response(choices[0]))
  }

  private func frames(_ events: [JSONValue]) -> [UInt8] { events.flatMap(Framing.events.frame(typed:)) }
}
