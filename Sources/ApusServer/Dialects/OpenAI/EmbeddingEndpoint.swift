internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /v1/embeddings`.
struct EmbeddingEndpoint: ReplyEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "input" }
  var operation: String? { "embeddings" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    // Vectors come as a whole, whatever `stream` says.
    RequestTarget(model: try fields.target().model, isStreamed: false)
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let name = setting.name
    let isBase64 = try Self.isBase64(fields)
    var request = VectorRequest(
      texts: try fields.embeddingTexts("input", setting), options: try fields.embeddingOptions(),
      dimensions: try fields.int("dimensions", in: 1...Int(Int32.max)))
    request.options.cacheSalt = try fields.cacheSalt(setting.limits)
    fields.accept(["user", "encoding_format", "priority", "request_id"])
    return try request.work(setting) { answer in
      let data = answer.embeddings.enumerated().map { index, embedding -> JSONValue in
        ["object": "embedding", "index": .int(index), "embedding": isBase64 ? embedding.base64 : embedding.json]
      }
      return [
        "object": "list", "data": .array(data), "model": .string(name), "usage": vectorUsage(answer.tokenCount),
      ]
    }
  }

  private static func isBase64(_ fields: RequestFields) throws(Refusal) -> Bool {
    switch try fields.string("encoding_format") {
    case nil, "float": false
    case "base64": true
    default: throw fields.mismatch("encoding_format", "\"float\" or \"base64\"")
    }
  }
}
