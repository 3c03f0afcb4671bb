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
    let clock = OllamaClock(began: began, moment: setting.moment)
    let texts = try isLegacy ? [fields.string("prompt") ?? ""] : Self.texts(fields, setting.limits)
    let dimensions = isLegacy ? nil : try fields.int("dimensions", in: 0...Int(Int32.max))
    let options = EmbeddingOptions(
      pooling: try Self.pooling(fields), isNormalized: !isLegacy, truncates: try fields.bool("truncate") ?? true)
    try fields.keepAlive().apply(to: setting.lease, by: key)
    let name = setting.name
    // Where nothing is asked, the model is only loaded.
    guard texts != [""], !texts.isEmpty else {
      return { WholeReply(body([], tokenCount: 0, name, clock)) }
    }
    // Dimensions are not its matter: more than a vector has are no fault here.
    let request = VectorRequest(
      texts: texts.map { .text($0) }, options: options, names: (promptField, "dimensions"))
    return try request.work(setting) { answer in
      body(answer.embeddings.map { Self.json($0, dimensions) }, tokenCount: answer.tokenCount, name, clock)
    }
  }

  private func body(_ vectors: [JSONValue], tokenCount: Int, _ name: String, _ clock: OllamaClock) -> JSONValue {
    if isLegacy { return ["embedding": vectors.first ?? []] }
    let members: JSONMembers = [("model", .string(name)), ("embeddings", .array(vectors))]
    return .object(JSONObject(members + clock.durations + [("prompt_eval_count", .int(tokenCount))]))
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
