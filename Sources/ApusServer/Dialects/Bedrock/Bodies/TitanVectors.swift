internal import Apus
internal import ApusJSON

extension VectorBody {
  /// Amazon's Titan Text Embeddings: the vector of one text.
  static func titan(_ fields: RequestFields) throws(Refusal) -> VectorBody {
    let kinds = try fields.vectorKinds("embeddingTypes", among: [.float, .binary])
    let options = EmbeddingOptions(pooling: try fields.pooling(), isNormalized: try fields.bool("normalize") ?? true)
    var request = VectorRequest(texts: [.text(try fields.text("inputText"))], options: options)
    request.dimensions = try fields.int("dimensions", in: 1...Int(Int32.max))
    request.names.texts = "inputText"
    return VectorBody(request: request) { answer in
      let values = answer.embeddings.first?.vector ?? []
      let numbers = VectorKind.float.json(values)
      let byKind = (kinds ?? [.float]).map { kind -> (String, JSONValue) in
        (kind.rawValue, kind == .binary ? .array(values.map { .int($0 > 0 ? 1 : 0) }) : numbers)
      }
      return [
        "embedding": numbers, "inputTextTokenCount": .int(answer.tokenCount),
        "embeddingsByType": .object(JSONObject(byKind)),
      ]
    }
  }
}
