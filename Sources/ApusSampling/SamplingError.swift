package import ApusCore

/// Why sampling parameters, stop strings or logits were refused; fields carry the names that requests use.
package enum SamplingError: Error, Equatable, Sendable {
  /// A number that no sampler can use: `range` is in words, `advice` says what to write instead.
  case outOfRange(field: String, value: Double, range: String, advice: String)
  /// A list longer than it may be.
  case tooMany(field: String, count: Int, limit: Int)
  /// One entry of a list is empty.
  case emptyEntry(field: String, index: Int)
  /// One entry of a list is longer than it may be, in `unit`.
  case entryTooLong(field: String, index: Int, length: Int, limit: Int, unit: String)
  /// A token id that the vocabulary does not have.
  case tokenOutsideVocabulary(field: String, token: Token, vocabularySize: Int)
  /// A name that is no sampling stage.
  case unknownStage(name: String)
  /// A sampling stage that is listed twice.
  case repeatedStage(name: String)
  /// A model output without a usable distribution: NaN or +infinity at `token`, or −infinity everywhere (nil).
  case nonFiniteLogits(token: Token?)
  /// The mask and the logit bias together forbid every token.
  case nothingAllowed
  /// Logits or a mask of another length than the vocabulary.
  case wrongCount(of: String, expected: Int, found: Int)
}

extension SamplingError: CustomStringConvertible {
  /// One sentence for a person: what was found, what is expected, what to do.
  package var description: String {
    switch self {
    case .outOfRange(let field, let value, let range, let advice):
      "\(field) is \(value), but must be \(range); \(advice)"
    case .tooMany(let field, let count, let limit):
      "\(field) has \(count) entries, but may have at most \(limit); remove some"
    case .emptyEntry(let field, let index):
      "entry \(index) of \(field) is empty; remove it or give it content"
    case .entryTooLong(let field, let index, let length, let limit, let unit):
      "entry \(index) of \(field) has \(length) \(unit), but may have at most \(limit); shorten it"
    case .tokenOutsideVocabulary(let field, let token, let vocabularySize):
      "\(field) names token \(token), but this model's tokens are 0 to \(vocabularySize - 1)"
    case .unknownStage(let name):
      "\"\(name)\" is no sampler; use any of \(SamplingStage.text(of: SamplingStage.allCases))"
    case .repeatedStage(let name):
      "sampler \"\(name)\" is listed twice; list it once"
    case .nonFiniteLogits(let token?):
      "the model gave no finite logit for token \(token); the model file may be damaged"
    case .nonFiniteLogits(nil):
      "the model gave a logit of minus infinity to every token; the model file may be damaged"
    case .nothingAllowed:
      "logit_bias and the grammar together forbid every token; allow at least one"
    case .wrongCount(let what, let expected, let found):
      "\(found) \(what) were given, but the vocabulary has \(expected) tokens"
    }
  }
}
