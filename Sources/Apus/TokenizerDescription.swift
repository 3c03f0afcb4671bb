internal import ApusTokenizers

/// What others need to know of a model's tokenizer.
package struct TokenizerDescription: Sendable, Equatable {
  /// A token with a role, and its text.
  package struct SpecialToken: Sendable, Equatable {
    package let id: Token
    package let text: String
  }

  /// The family, as GGUF files call it, such as `llama`, `gpt2` or `bert`.
  package let family: String
  package let beginning: SpecialToken?
  package let end: SpecialToken?
  /// What ends a turn, where that is another one than `end`.
  package let endOfTurn: SpecialToken?
  package let unknown: SpecialToken?
  package let padding: SpecialToken?
  package let separator: SpecialToken?
  /// Whether a text begins with BOS, and ends with EOS.
  package let addsBeginning: Bool, addsEnd: Bool
  /// The chat template as text; nil where there is none, or none of use.
  package let chatTemplate: String?
}

extension TokenizerDescription {
  /// That of a vocabulary, with the chat template that goes with it.
  init(_ vocabulary: Vocabulary, chatTemplate: String?) {
    func special(_ role: ApusTokenizers.SpecialToken) -> SpecialToken? {
      vocabulary[role].map {
        SpecialToken(id: $0, text: String(decoding: vocabulary.texts[Int($0)], as: UTF8.self))
      }
    }
    self.init(
      family: vocabulary.family, beginning: special(.beginningOfSequence), end: special(.endOfSequence),
      endOfTurn: special(.endOfTurn), unknown: special(.unknown), padding: special(.padding),
      separator: special(.separator), addsBeginning: vocabulary.addsBOS, addsEnd: vocabulary.addsEOS,
      chatTemplate: chatTemplate)
  }
}

extension Model {
  /// What others need to know of its tokenizer.
  package var tokenizerDescription: TokenizerDescription {
    TokenizerDescription(tokenizer.vocabulary, chatTemplate: chatFormat?.source)
  }
}
