internal import Apus
internal import ApusJSON

extension VectorBody {
  /// Cohere's Embed: vectors of several texts, as numbers of one kind or of several.
  static func cohere(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> VectorBody {
    for name in ["images", "inputs"] where fields[name] != nil { throw .unsupported(name, name) }
    // What the texts are for: models here take a text as it is.
    guard try fields.string("input_type") != "image" else { throw .unsupported("input_type", "an image") }
    let texts = try fields.documents("texts", setting.limits)
    let kinds = try fields.vectorKinds("embedding_types", among: VectorKind.allCases)
    let options = EmbeddingOptions(pooling: try fields.pooling(), truncates: try truncates(fields))
    var request = VectorRequest(texts: texts.map { .text($0) }, options: options)
    request.dimensions = try fields.int("output_dimension", in: 1...Int(Int32.max))
    request.names = ("texts", "output_dimension")
    return VectorBody(request: request) { answer in
      let vectors = answer.embeddings.map(\.vector)
      func list(_ kind: VectorKind) -> JSONValue { .array(vectors.map(kind.json)) }
      let byKind = kinds.map { JSONObject($0.map { ($0.rawValue, list($0)) }) }
      return [
        "id": .string(newIdentifier("")), "texts": .array(texts.map(JSONValue.string)),
        "embeddings": byKind.map(JSONValue.object) ?? list(.float),
        "response_type": byKind == nil ? "embeddings_floats" : "embeddings_by_type",
      ]
    }
  }

  private static func truncates(_ fields: RequestFields) throws(Refusal) -> Bool {
    switch try fields.string("truncate") {
    case nil, "NONE": false
    case "END", "RIGHT": true
    case "START", "LEFT": throw .unsupported("truncate", "truncate START")
    default: throw fields.mismatch("truncate", "\"NONE\" or \"END\"")
    }
  }
}
