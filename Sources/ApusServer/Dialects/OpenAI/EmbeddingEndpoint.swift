internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /v1/embeddings`.
struct EmbeddingEndpoint: ReplyEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "input" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let (model, name, limit) = (setting.model, setting.name, setting.limits.vectorValues)
    let texts = try fields.embeddingTexts("input", setting)
    let isBase64 = try Self.isBase64(fields)
    let dimensions = try fields.int("dimensions", in: 1...Int(Int32.max))
    let options = EmbeddingOptions(
      pooling: try fields.pooling(), isNormalized: try fields.bool("normalize") ?? true,
      truncates: try fields.truncates(), cacheSalt: setting.scope.salt(try fields.cacheSalt(setting.limits)))
    guard try fields.bool("add_special_tokens") ?? true else {
      throw Refusal.unsupported("add_special_tokens", "add_special_tokens false")
    }
    fields.accept(["user", "encoding_format", "priority", "request_id"])
    if case .embedding(let size) = model.information.purpose {
      guard size * texts.count <= limit else { throw Self.tooMany(limit) }
      try Self.check(dimensions, of: size)
    }
    let inputs = try model.embeddingInputs(texts, options, shouldStop: setting.shouldStop)
    setting.usage.charge(promptTokens: inputs.reduce(0) { $0 + $1.tokens.count })
    return {
      let embeddings = try await model.embed(inputs, options)
      let size = embeddings.first?.vector.count ?? 0
      try Self.check(dimensions, of: size)
      guard size * embeddings.count <= limit else { throw Self.tooMany(limit) }
      return WholeReply {
        let data = embeddings.enumerated().map { index, whole -> JSONValue in
          let embedding = dimensions.map { whole.shortened(to: $0, isNormalized: options.isNormalized) } ?? whole
          return [
            "object": "embedding", "index": .int(index), "embedding": isBase64 ? embedding.base64 : embedding.json,
          ]
        }
        return [
          "object": "list", "data": .array(data), "model": .string(name),
          "usage": vectorUsage(embeddings.reduce(0) { $0 + $1.tokenCount }),
        ]
      }
    }
  }

  private static func isBase64(_ fields: RequestFields) throws(Refusal) -> Bool {
    switch try fields.string("encoding_format") {
    case nil, "float": false
    case "base64": true
    default: throw fields.mismatch("encoding_format", "\"float\" or \"base64\"")
    }
  }

  private static func check(_ dimensions: Int?, of size: Int) throws(Refusal) {
    guard let dimensions, dimensions > size else { return }
    throw .invalid("dimensions", "dimensions must be at most \(size), which this model has")
  }

  private static func tooMany(_ limit: Int) -> Refusal {
    .invalid("input", "texts times dimensions may be \(limit) at most: send fewer texts in a request")
  }
}
