internal import ApusCore

/// Turns text between special tokens into tokens, and tokens into bytes: one way to tokenize, for one vocabulary.
protocol TokenizerFamily: Sendable {
  /// The name in model files (`tokenizer.ggml.model`).
  static var name: String { get }

  /// The pre-tokenizers of byte-level vocabularies (`tokenizer.ggml.pre`) that mean this family instead.
  static var pretokenizers: [String] { get }

  /// What a model file of this family means where it says nothing.
  static func defaults(for description: VocabularyDescription) throws(TokenizerError) -> VocabularyDefaults

  /// The tables for `vocabulary`.
  init(_ vocabulary: Vocabulary) throws(TokenizerError)

  /// What is wrong with the tables that the model file gives.
  var gaps: [VocabularyGap] { get }

  /// Appends the tokens of `text[range]`, which is not empty. `startsText` is true at the start of a text and after a
  /// special token. Where `check` says so it ends early.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck)

  /// Appends the bytes that a token with the text `text` stands for; `kind` is neither control nor unknown.
  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8])
}

extension TokenizerFamily {
  static var pretokenizers: [String] { [] }
  var gaps: [VocabularyGap] { [] }
}

/// The registry of tokenizer families.
package enum Tokenizers {
  private static let families: [any TokenizerFamily.Type] = [
    SentencePieceEncoder.self, BytePairEncoder.self, UnigramEncoder.self, WordPieceEncoder.self, PlainPairEncoder.self,
    WordPairEncoder.self,
  ]

  /// The names of the known families.
  package static var names: [String] { families.map { $0.name } }

  /// The pre-tokenizers of byte-level vocabularies that mean another family.
  static var pretokenizers: [String] { families.flatMap { $0.pretokenizers } }

  /// The family that model files call `name`; a pre-tokenizer can mean another one.
  static func family(
    named name: String, pretokenizer: String?
  ) throws(TokenizerError) -> any TokenizerFamily.Type {
    if name == BytePairEncoder.name, let pretokenizer,
      let family = families.first(where: { $0.pretokenizers.contains(pretokenizer) })
    {
      return family
    }
    guard let family = families.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw .unknownFamily(name, known: names)
    }
    return family
  }
}
