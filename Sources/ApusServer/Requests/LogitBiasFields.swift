internal import Apus
internal import ApusJSON

/// What a request adds to the logits of tokens: `logit_bias`.
struct LogitBiasFields {
  private static let name = "logit_bias"
  let fields: RequestFields
  let vocabularySize: Int
  let limit: Int

  /// An object with a number for each token id.
  func members() throws(Refusal) -> [Token: Double] {
    guard let members = try fields.members(Self.name) else { return [:] }
    guard members.count <= limit else { throw mismatch("an object of at most \(limit) entries") }
    var biases: [Token: Double] = [:]
    for (key, value) in zip(members.keys, members.values) {
      guard let token = Token(decimal: key), token < vocabularySize else {
        throw mismatch("keyed by token ids from 0 to \(vocabularySize - 1)")
      }
      guard let bias = value.number, (-100...100).contains(bias) else { throw notBias }
      biases[token] = bias
    }
    return biases
  }

  /// The same, or a list of pairs as in llama.cpp: a token id or a text, and a number, or false to forbid it.
  ///
  /// `words` gives the tokens of a text, each of which gets the number.
  func pairs(_ words: (String) -> [Token]) throws(Refusal) -> [Token: Double] {
    guard case .array(let pairs)? = fields[Self.name] else { return try members() }
    guard pairs.count <= limit else { throw mismatch("an array of at most \(limit) pairs") }
    var biases: [Token: Double] = [:]
    for pair in pairs {
      guard case .array(let pair) = pair, pair.count == 2 else { throw mismatch("made of pairs") }
      let bias: Double
      switch pair[1] {
      case .bool(false): bias = -.infinity
      case let value:
        guard let number = value.number, (-100...100).contains(number) else { throw notBias }
        bias = number
      }
      for token in try tokens(pair[0], words) { biases[token] = bias }
    }
    return biases
  }

  private func tokens(_ value: JSONValue, _ words: (String) -> [Token]) throws(Refusal) -> [Token] {
    if case .string(let text) = value, text.utf8.count <= 256 { return words(text) }
    guard let tokens = RequestFields.tokens([value], vocabularySize: vocabularySize) else {
      throw mismatch("made of pairs of a short text or a token id from 0 to \(vocabularySize - 1), and a number")
    }
    return tokens
  }

  private var notBias: Refusal { mismatch("made of numbers from -100 to 100") }

  private func mismatch(_ expected: String) -> Refusal { fields.mismatch(Self.name, expected) }
}

extension RequestFields {
  /// The order of the stages that choose a token: `samplers` of llama.cpp, as names or as a text of letters.
  func samplerOrder() throws(Refusal) -> [String]? {
    let letters: [Character: String] = [
      "e": "penalties", "d": "dry", "s": "top_n_sigma", "k": "top_k", "y": "typ_p", "p": "top_p", "m": "min_p",
      "x": "xtc", "t": "temperature",
    ]
    switch self["samplers"] {
    case nil: return nil
    case .string(let text)? where text.utf8.count <= letters.count: return text.map { letters[$0] ?? String($0) }
    case .array(let values)? where values.count <= letters.count:
      return values.map { if case .string(let name) = $0 { name } else { "" } }
    default: throw mismatch("samplers", "an array of at most \(letters.count) names of samplers")
    }
  }
}

extension Token {
  /// The token id that `text` writes in decimal digits, and in nothing else.
  fileprivate init?(decimal text: String) {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    self.init(text)
  }
}
