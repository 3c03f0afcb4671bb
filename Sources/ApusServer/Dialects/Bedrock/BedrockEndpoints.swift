internal import Apus
internal import ApusJSON
internal import Foundation
internal import Hummingbird

/// `POST /model/{modelId}/invoke`, and the same as a stream.
struct InvokeEndpoint: AnsweringEndpoint {
  let model: String
  let isStreamed: Bool

  func isShared(_ body: HeldBody) -> Bool { !isStreamed }

  var dialect: any Dialect { BedrockDialect() }
  var promptField: String { "prompt" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: model, isStreamed: isStreamed)
  }

  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    switch try Self.request(model, fields, setting) {
    case .vectors(let body): return .vectors(try body.work(setting))
    case .text(let body):
      var plan = try body.input.plan(setting)
      plan.reading?.idPrefix = body.idPrefix
      return .generation(GenerationJob(plan: plan, encoder: body.encoder(plan.prompts[0])))
    }
  }

  /// What a body asks for that is sent to `model`.
  static func request(
    _ model: String, _ fields: RequestFields, _ setting: JobSetting
  ) throws(Refusal) -> InvokeRequest {
    try InvokeFamily(model, fields, setting.model.information.purpose).request(fields, setting)
  }
}

/// `POST /model/{modelId}/converse`, and the same as a stream.
struct ConverseEndpoint: GenerationEndpoint {
  let model: String
  let isStreamed: Bool

  func isShared(_ body: HeldBody) -> Bool { !isStreamed }

  var dialect: any Dialect { BedrockDialect() }
  var promptField: String { "messages" }

  func field(_ name: String) -> String {
    switch name {
    case "max_tokens": "inferenceConfig.maxTokens"
    case "temperature": "inferenceConfig.temperature"
    case "top_p": "inferenceConfig.topP"
    case "stop": "inferenceConfig.stopSequences"
    case "tools": "toolConfig.tools"
    case "tool_choice": "toolConfig.toolChoice"
    default: name
    }
  }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: model, isStreamed: isStreamed)
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    var plan = try ConverseRequest(fields, setting).input.plan(setting)
    plan.reading?.idPrefix = "tooluse_"
    return GenerationJob(plan: plan, encoder: ConverseEncoder())
  }
}

/// `POST /model/{modelId}/count-tokens`: how many tokens a request's prompt would have.
struct CountTokensEndpoint: ReplyEndpoint {
  let model: String

  var dialect: any Dialect { BedrockDialect() }
  var promptField: String { "input" }

  /// The body's object, in which the body to be invoked takes the place of its Base64 text.
  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    let object = try reader.object(of: body)
    guard case .string(let text)? = object["input"]?["invokeModel"]?["body"] else { return object }
    guard let data = Data(base64Encoded: text) else {
      throw .invalid("input.invokeModel.body", "input.invokeModel.body must be Base64")
    }
    let inner = try reader.object(of: HeldBody(Array(data), body.claim))
    return JSONObject([("input", ["invokeModel": ["body": .object(inner)]])])
  }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: model, isStreamed: false)
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    guard let input = try fields.object("input") else { throw fields.mismatch("input", "an object") }
    let prompt: any PromptInput
    if let body = try input.object("invokeModel")?.object("body") {
      switch try InvokeEndpoint.request(model, body, setting) {
      case .text(let body): prompt = body.input
      case .vectors(let body):
        let count = try body.request.tokenCount(setting)
        return { WholeReply(["inputTokens": .int(count)]) }
      }
    } else if let converse = try input.object("converse") {
      prompt = try ConverseRequest(converse, setting).input
    } else {
      throw input.mismatch("converse", "an object, or invokeModel with a body")
    }
    let count = try prompt.tokens(setting).count
    return { WholeReply(["inputTokens": .int(count)]) }
  }
}
