internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /v1/messages`.
struct MessagesEndpoint: GenerationEndpoint {
  var dialect: any Dialect { AnthropicDialect() }
  var promptField: String { "messages" }

  func field(_ name: String) -> String { MessagesRequest.field(name) }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    let request = try MessagesRequest(fields, setting)
    var plan = try request.input.plan(setting)
    plan.reading?.idPrefix = "toolu_"
    let events = MessageEvents(
      model: setting.name, promptTokens: plan.prompts[0].count, maxTokens: request.input.options.maxTokens,
      omitsThinking: request.omitsThinking)
    return GenerationJob(plan: plan, encoder: MessagesEncoder(events: events))
  }
}

/// `POST /v1/messages/count_tokens`.
struct MessageCountEndpoint: ReplyEndpoint {
  var dialect: any Dialect { AnthropicDialect() }
  var promptField: String { "messages" }

  func field(_ name: String) -> String { MessagesRequest.field(name) }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: try fields.string("model"), isStreamed: false)
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let count = try MessagesRequest(fields, setting, isCounted: true).input.prompt(setting).tokens.count
    return { WholeReply(["input_tokens": .int(count)]) }
  }
}

/// Writes answers of `/v1/messages`.
struct MessagesEncoder: AnswerEncoder {
  var events: MessageEvents

  mutating func progress(_ choice: Int, _ progress: PromptProgress) -> [UInt8] {
    frames(events.begin(cached: progress.cached))
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { frames(events.take(delta.events)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { frames(events.end(result)) }

  func finish(_ usage: UsageCount) -> [UInt8] { frames([MessageEvents.stop]) }

  func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    WholeReply(events.message(choices[0]))
  }

  private func frames(_ events: [JSONValue]) -> [UInt8] { events.flatMap(Framing.events.frame(typed:)) }
}
