internal import Apus
internal import ApusJSON
internal import Hummingbird

/// What Ollama's paths that need a model have in common.
protocol OllamaEndpoint: Endpoint {
  var service: ModelService { get }
  /// Who asks; nil where the server has no keys.
  var key: APIKey? { get }
}

extension OllamaEndpoint {
  var dialect: any Dialect { OllamaDialect() }

  /// What errors of the library name, under Ollama's names.
  func field(_ name: String) -> String {
    switch name {
    case "max_tokens": "options.num_predict"
    case "top_logprobs", "lora", "tools", "input", "prompt", "messages": name
    case "response_format", "json_schema", "grammar", "constraint": "format"
    default: "options." + name
    }
  }

  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    guard !body.bytes.isEmpty else { throw .invalid(nil, "missing request body") }
    return try reader.object(of: body)
  }
}

extension OllamaEndpoint where Self: GenerationEndpoint {
  /// Streams unless it is told otherwise.
  ///
  /// Where nothing is asked and the model is to go, it goes, and none is loaded; where clients have keys, this is for
  /// operators alone.
  func target(_ fields: RequestFields, isEmpty: Bool, _ form: OllamaAnswer.Form) throws(Refusal) -> RequestTarget {
    let (name, isStreamed) = (try fields.string("model"), try fields.bool("stream") ?? true)
    var target = RequestTarget(model: name, isStreamed: isStreamed)
    guard isEmpty, try fields.keepAlive() == .time(.zero) else { return target }
    let choice = try service.names.choice(for: name, by: key)
    try key.checkMayChangeModels()
    service.pool.keep(service.models[choice.model].name, for: .zero)
    let clock = OllamaClock(began: .now, moment: service.configuration.clock())
    fields.accept(["options", "messages", "prompt"])
    target.reply = WholeReply(OllamaAnswer(form, name: choice.name, clock).unloaded)
    return target
  }
}
