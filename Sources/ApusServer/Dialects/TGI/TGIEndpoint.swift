internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /generate`, `/generate_stream` and `/` of TGI.
struct TGIEndpoint: GenerationEndpoint {
  /// How the answer comes.
  enum Form: Sendable {
    /// As an object.
    case whole
    case stream
    /// As a list of one, or as a stream where `stream` says so.
    case either
  }

  let form: Form
  var dialect: any Dialect { TGIDialect() }
  var promptField: String { "inputs" }

  func field(_ name: String) -> String { TGIRequest.field(name) }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    let wanted = try fields.bool("stream") ?? false
    return RequestTarget(model: try fields.string("model"), isStreamed: form == .stream || form == .either && wanted)
  }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    guard let text = try fields.string("inputs") else { throw fields.mismatch("inputs", "a text") }
    let request = try TGIRequest(fields, setting)
    return try request.job(text, setting) { $0.isList = form == .either }
  }
}

/// What a request in TGI's form wants, beside its prompt: the members of `parameters`.
struct TGIRequest {
  private static let usualTokens = 100
  private let parameters: RequestFields?
  private let options: GenerationOptions
  private let choices: Int
  /// Tokens of the prompt's end that are kept.
  private let promptTokens: Int?
  private let isEchoed: Bool
  private let hasDetails: Bool
  private let scoresPrompt: Bool
  private let topCount: Int?

  /// What TGI calls a field that errors of the library name.
  static func field(_ name: String) -> String {
    switch name {
    case "max_tokens": "max_new_tokens"
    case "top_logprobs", "logprobs": "top_n_tokens"
    case "response_format": "grammar"
    default: name
    }
  }

  init(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    let (model, limits) = (setting.model, setting.limits)
    parameters = try fields.object("parameters")
    let given = parameters ?? fields.nested(JSONObject(), "parameters")
    let size = model.information.vocabularySize
    choices = try given.int("best_of", in: 1...limits.choices) ?? 1
    guard choices == 1 || !setting.isStreamed else { throw .unsupported("best_of", "best_of while streaming") }
    promptTokens = try given.int("truncate", in: 1...Int(Int32.max))
    isEchoed = try given.bool("return_full_text") ?? false
    hasDetails = try given.bool("details") ?? false
    scoresPrompt = try given.bool("decoder_input_details") ?? false
    guard !scoresPrompt || !setting.isStreamed else {
      throw .unsupported("decoder_input_details", "decoder_input_details while streaming")
    }
    topCount = try given.int("top_n_tokens", in: 0...limits.topLogProbabilities)
    guard try !(given.bool("watermark") ?? false) else { throw .unsupported("watermark", "watermark") }
    var sampling = try given.sampling(usual: model.information.sampling, vocabularySize: size, limits: limits)
    if try !Self.samples(given) { sampling.temperature = 0 }
    let needsValues = hasDetails || scoresPrompt || setting.isStreamed || choices > 1
    options = GenerationOptions(
      maxTokens: try given.int("max_new_tokens", in: 0...Int(Int32.max))
        ?? setting.usual.maxTokens ?? Self.usualTokens, sampling: sampling,
      seed: try given.seed("seed"), stop: try given.texts("stop", limits: limits),
      topLogProbabilities: topCount ?? (needsValues ? 0 : nil), adapters: try Self.adapters(given, model),
      constraint: try Self.constraint(given))
  }

  /// Whether chance decides: where that is asked for, or a field that only then has a meaning is there.
  private static func samples(_ fields: RequestFields) throws(Refusal) -> Bool {
    let wanted = try fields.bool("do_sample") ?? false
    return wanted || ["temperature", "top_k", "top_p", "typical_p"].contains { fields[$0] != nil }
  }

  private static func adapters(_ fields: RequestFields, _ model: Model) throws(Refusal) -> [AdapterChoice] {
    guard let name = try fields.string("adapter_id") else { return [] }
    guard model.information.adapters.contains(name) else {
      throw fields.mismatch("adapter_id", "the name of one of the model's adapters")
    }
    return [AdapterChoice(name)]
  }

  private static func constraint(_ fields: RequestFields) throws(Refusal) -> OutputConstraint? {
    guard let grammar = try fields.object("grammar") else { return nil }
    switch try grammar.string("type") {
    case "json", "json_schema":
      guard let schema = try grammar.schema("value") else { throw grammar.mismatch("value", "a JSON schema") }
      return schema
    case "regex":
      guard let text = try grammar.string("value") else { throw grammar.mismatch("value", "a text") }
      return .regularExpression(text)
    default: throw grammar.mismatch("type", "\"json\" or \"regex\"")
    }
  }

  /// The completion of `text`; `shape` says more of how the answer looks.
  func job(_ text: String, _ setting: JobSetting, _ shape: (inout TGIEncoder) -> Void) throws -> GenerationJob {
    let model = setting.model
    var prompt = try model.rawPrompt(text, setting.shouldStop).tokens
    if let promptTokens { prompt = prompt.suffix(promptTokens) }
    var plan = GenerationPlan(setting, prompts: [prompt], count: choices, options: options)
    try plan.checkRoom()
    let scores = scoresPrompt ? prompt.count * choices * (1 + (topCount ?? 0)) : 0
    guard scores <= setting.limits.scores else {
      throw Refusal.invalid("decoder_input_details", "decoder_input_details of a prompt that long: leave it out")
    }
    plan.scoresPrompts = scoresPrompt
    plan.constraintField = "grammar"
    var encoder = TGIEncoder(
      model: model, prompt: prompt, echo: isEchoed ? text : "", hasDetails: hasDetails || scoresPrompt,
      hasPrefill: scoresPrompt, topCount: topCount ?? 0)
    shape(&encoder)
    return GenerationJob(plan: plan, encoder: encoder)
  }
}
