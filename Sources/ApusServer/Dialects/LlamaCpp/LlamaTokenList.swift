internal import Apus
internal import ApusJSON

/// The tokens of a text as llama.cpp's `/tokenize` tells them.
struct LlamaTokenList {
  let json: JSONValue

  /// Reads `content`, a text or a list of texts and tokens.
  init(_ fields: RequestFields, _ setting: JobSetting) throws {
    let (model, limits) = (setting.model, setting.limits)
    let prompt = try fields.mixedPrompt("content", vocabularySize: model.information.vocabularySize)
    let (adds, parses) = (try fields.bool("add_special") ?? false, try fields.bool("parse_special") ?? true)
    let tokens = try prompt.tokens(model, addSpecial: adds, parseSpecial: parses, setting.shouldStop)
    let hasPieces = try fields.bool("with_pieces") ?? false
    let limit = hasPieces ? limits.replyTexts : limits.replyTokens
    guard tokens.count <= limit else { throw Refusal.manyTokens(limit, field: "content") }
    json = [
      "tokens": .array(
        tokens.map { token in
          let id = JSONValue.int(Int(token))
          return hasPieces ? ["id": id, "piece": Self.piece(model.bytes(of: token))] : id
        })
    ]
  }

  /// A text, or its bytes where they are none.
  private static func piece(_ bytes: [UInt8]) -> JSONValue {
    String(validating: bytes, as: UTF8.self).map(JSONValue.string) ?? .array(bytes.map { .int(Int($0)) })
  }
}

/// A prompt made of texts and tokens, one after the other.
struct MixedPrompt: Sendable {
  enum Part: Sendable {
    case text(String)
    case tokens([Token])
  }

  let parts: [Part]

  /// Its tokens; only those of a text in front may begin with BOS.
  func tokens(
    _ model: Model, addSpecial: Bool, parseSpecial: Bool = true, _ shouldStop: @escaping Preparation.ShouldStop
  ) throws(ApusError) -> [Token] {
    var tokens: [Token] = []
    for (index, part) in parts.enumerated() {
      switch part {
      case .text(let text):
        let begins = addSpecial && index == 0
        tokens += try model.tokens(of: text, addSpecial: begins, parseSpecial: parseSpecial, shouldStop)
      case .tokens(let ids): tokens += ids
      }
    }
    return tokens
  }
}

extension RequestFields {
  /// A text, or a list of texts and token ids in any order.
  func mixedPrompt(_ name: String, vocabularySize: Int) throws(Refusal) -> MixedPrompt {
    guard let prompt = Self.mixedPrompt(self[name], vocabularySize) else {
      throw mismatch(name, "a text, or an array of texts and token ids from 0 to \(vocabularySize - 1)")
    }
    return prompt
  }

  static func mixedPrompt(_ value: JSONValue?, _ vocabularySize: Int) -> MixedPrompt? {
    switch value {
    case .string(let text)?: return MixedPrompt(parts: [.text(text)])
    case .array(let values)?:
      var parts: [MixedPrompt.Part] = []
      var rest = values[...]
      while let first = rest.first {
        if case .string(let text) = first {
          parts.append(.text(text))
          rest = rest.dropFirst()
        } else {
          let ids = rest.prefix { if case .int = $0 { true } else { false } }
          guard !ids.isEmpty, let tokens = tokens(Array(ids), vocabularySize: vocabularySize) else { return nil }
          parts.append(.tokens(tokens))
          rest = rest.dropFirst(ids.count)
        }
      }
      return MixedPrompt(parts: parts)
    default: return nil
    }
  }
}
