internal import Apus
internal import ApusJSON
internal import Foundation

extension RequestFields {
  /// Texts of which vectors are wanted: one or several, as texts or as tokens.
  func embeddingTexts(_ name: String, _ setting: JobSetting) throws(Refusal) -> [EmbeddingText] {
    let size = setting.model.information.vocabularySize
    let values: [JSONValue]
    switch self[name] {
    case .string(let text)?: values = [.string(text)]
    case .array(let array)?: values = if case .int? = array.first { [.array(array)] } else { array }
    default: values = []
    }
    guard (1...setting.limits.inputs).contains(values.count) else {
      throw mismatch(name, "a text or an array of 1 to \(setting.limits.inputs) texts or arrays of token ids")
    }
    var texts: [EmbeddingText] = []
    for (index, value) in values.enumerated() {
      switch value {
      case .string(let text): texts.append(.text(text))
      case .array(let ids):
        guard let tokens = Self.tokens(ids, vocabularySize: size) else {
          throw mismatch(name, "made of texts, or of token ids from 0 to \(size - 1)")
        }
        texts.append(.tokens(tokens))
      default: throw mismatch("\(name)[\(index)]", "a text or an array of token ids")
      }
    }
    return texts
  }

  /// A list of texts, at least one; objects with a `text` count too.
  func documents(_ name: String, _ limits: RequestLimits) throws(Refusal) -> [String] {
    guard let values = try array(name), (1...limits.inputs).contains(values.count) else {
      throw mismatch(name, "an array of 1 to \(limits.inputs) texts")
    }
    var documents: [String] = []
    for (index, value) in values.enumerated() {
      switch value {
      case .string(let text): documents.append(text)
      case .object(let object):
        let fields = nested(object, "\(name)[\(index)]")
        guard let text = try fields.string("text") else { throw fields.mismatch("text", "a text") }
        documents.append(text)
      default: throw mismatch("\(name)[\(index)]", "a text")
      }
    }
    return documents
  }

  /// How texts become vectors, in the fields of `/v1/embeddings`.
  func embeddingOptions(_ limits: RequestLimits) throws(Refusal) -> EmbeddingOptions {
    guard try bool("add_special_tokens") ?? true else {
      throw .unsupported("add_special_tokens", "add_special_tokens false")
    }
    return EmbeddingOptions(
      pooling: try pooling(), isNormalized: try bool("normalize") ?? true, truncates: try truncates(),
      cacheSalt: try cacheSalt(limits))
  }

  /// Whether the ends of texts that are too long are left out: `truncate`, or vLLM's `truncate_prompt_tokens` −1.
  func truncates() throws(Refusal) -> Bool {
    let length = try int("truncate_prompt_tokens", in: -1...Int(Int32.max))
    guard length ?? -1 == -1 else {
      throw .unsupported("truncate_prompt_tokens", "a truncate_prompt_tokens other than -1")
    }
    return try bool("truncate") ?? (length == -1)
  }

  /// How the vectors of a text's tokens become one, for models that generate text.
  func pooling() throws(Refusal) -> EmbeddingOptions.Pooling? {
    guard let name = try string("pooling") else { return nil }
    let all = EmbeddingOptions.Pooling.allCases
    guard let pooling = all.first(where: { $0.rawValue == name }) ?? (name == "cls" ? .first : nil) else {
      throw mismatch("pooling", all.map { "\"\($0.rawValue)\"" }.joined(separator: " or "))
    }
    return pooling
  }
}

extension Embedding {
  /// The vector as JSON numbers, each the shortest that gives the same Float.
  var json: JSONValue { VectorKind.float.json(vector) }

  /// The vector as bytes in base 64: Floats, little-endian.
  var base64: JSONValue {
    let bytes = vector.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } }
    return .string(Data(bytes).base64EncodedString())
  }
}

/// The tokens of texts that became vectors or scores, as OpenAI's API tells them.
func vectorUsage(_ tokens: Int) -> JSONValue { ["prompt_tokens": .int(tokens), "total_tokens": .int(tokens)] }
