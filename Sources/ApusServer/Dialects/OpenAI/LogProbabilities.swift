internal import Apus
internal import ApusJSON

/// Log probabilities in the shape of `/v1/chat/completions`.
enum ChatLogProbabilities {
  /// The object for some tokens of a completion, with so many of the most likely ones beside each.
  static func json(_ tokens: [GeneratedToken], _ model: Model, top: Int, _ naming: TokenNaming) -> JSONValue {
    ["content": .array(model.listed(tokens, top: top, naming)), "refusal": .null]
  }
}

/// Log probabilities in the shape of `/v1/completions`: four arrays of equal length.
struct LegacyLogProbabilities {
  private let model: Model
  /// Where the next token begins, in characters of Unicode from the beginning of the prompt.
  private var offset: Int
  /// The most likely tokens that are told beside each.
  private let top: Int
  /// How tokens are told.
  var naming = TokenNaming()

  init(_ model: Model, promptText: String, top: Int) {
    self.init(model, offset: promptText.unicodeScalars.count, top: top)
  }

  init(_ model: Model, offset: Int, top: Int) {
    self.model = model
    self.offset = offset
    self.top = top
  }

  /// The object for the next tokens of a completion, or of an echo; one that has no probability has null.
  mutating func json(_ tokens: [GeneratedToken]) -> JSONValue {
    var texts: [JSONValue] = []
    var chosen: [JSONValue] = []
    var top: [JSONValue] = []
    var offsets: [JSONValue] = []
    for token in tokens {
      let text = naming.text(of: token.id, model)
      texts.append(.string(text))
      chosen.append(token.logProbabilities.map { .double($0.chosen.finiteLogProbability) } ?? .null)
      top.append(token.logProbabilities.map { .object(alternatives(text, $0)) } ?? .null)
      offsets.append(.int(max(0, offset)))
      // Characters begin with every byte but UTF-8's continuations, whichever tokens have those.
      offset += model.bytes(of: token.id).count { $0 & 0xC0 != 0x80 }
    }
    return [
      "tokens": .array(texts), "token_logprobs": .array(chosen), "top_logprobs": .array(top),
      "text_offset": .array(offsets),
    ]
  }

  /// The most likely tokens by their texts, and the chosen one with the very number that it has.
  private func alternatives(_ text: String, _ values: TokenLogProbabilities) -> JSONObject {
    var object = JSONObject()
    for entry in values.top.prefix(top) {
      object[naming.text(of: entry.token, model)] = .double(entry.logProbability.finiteLogProbability)
    }
    object[text] = .double(values.chosen.finiteLogProbability)
    return object
  }
}
