internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /api/embed`, and the older `POST /api/embeddings` for one text, whose vector is left as long as it is.
struct OllamaEmbedEndpoint: ReplyEndpoint, OllamaEndpoint {
  let service: ModelService
  let key: APIKey?
  let isLegacy: Bool
  /// When the request came.
  let began = ContinuousClock.now
  var promptField: String { isLegacy ? "prompt" : "input" }
  var operation: String? { "embeddings" }

  func field(_ name: String) -> String { name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: try fields.string("model"), isStreamed: false)
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let clock = OllamaClock(began: began, time: setting.time)
    let texts = try isLegacy ? [fields.string("prompt") ?? ""] : Self.texts(fields, setting.limits)
    let dimensions = isLegacy ? nil : try fields.int("dimensions", in: 0...Int(Int32.max))
    var options = EmbeddingOptions(
      isNormalized: !isLegacy, truncates: try fields.bool("truncate") ?? true, cacheSalt: setting.scope.salt())
    options.pooling = try Self.pooling(fields)
    let (model, name, usage, limit) = (setting.model, setting.name, setting.usage, setting.limits.vectorValues)
    try fields.keepAlive().apply(to: setting.lease, by: key)
    // Where nothing is asked, the model is only loaded.
    let isEmpty = texts == [""] || texts.isEmpty
    let inputs =
      isEmpty
      ? []
      : try model.embeddingInputs(
        texts.map { .text($0) }, options, shouldStop: setting.shouldStop)
    return { [isLegacy, options] in
      let embeddings = inputs.isEmpty ? [] : try await model.embed(inputs, options)
      let tokens = embeddings.reduce(0) { $0 + $1.tokenCount }
      usage.charge(promptTokens: tokens)
      guard embeddings.count * (embeddings.first?.vector.count ?? 0) <= limit else {
        throw Refusal.invalid("input", "texts times dimensions may be \(limit) at most: send fewer texts in a request")
      }
      let durations = clock.durations
      return WholeReply {
        let vectors = embeddings.map { Self.json($0, dimensions) }
        if isLegacy { return ["embedding": vectors.first ?? []] }
        let members: JSONMembers = [("model", .string(name)), ("embeddings", .array(vectors))]
        return .object(JSONObject(members + durations + [("prompt_eval_count", .int(tokens))]))
      }
    }
  }

  private static func texts(_ fields: RequestFields, _ limits: RequestLimits) throws(Refusal) -> [String] {
    switch fields["input"] {
    case nil: return []
    case .string(let text)?: return [text]
    case .array(let values)?:
      guard values.count <= limits.inputs else { break }
      var texts: [String] = []
      for value in values {
        guard case .string(let text) = value else { throw fields.mismatch("input", "a text or an array of texts") }
        texts.append(text)
      }
      return texts
    default: break
    }
    throw fields.mismatch("input", "a text or an array of at most \(limits.inputs) texts")
  }

  /// None of Ollama's options matters here; ours has a model that generates text make vectors too.
  private static func pooling(_ fields: RequestFields) throws(Refusal) -> EmbeddingOptions.Pooling? {
    guard let options = try fields.object("options") else { return nil }
    try options.checkOllamaTypes()
    return try options.pooling()
  }

  private static func json(_ embedding: Embedding, _ dimensions: Int?) -> JSONValue {
    var whole = embedding
    if let dimensions, dimensions > 0 { whole = embedding.shortened(to: dimensions, isNormalized: true) }
    return whole.json
  }
}
