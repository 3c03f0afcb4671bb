/// What a model file says about its vocabulary, unchecked: the raw material of a `Vocabulary`.
package struct VocabularyDescription: Sendable {
  /// The family of tokenizers, `llama` or `gpt2`.
  package var family: String
  /// The name of the pre-tokenizer, where the file has one.
  package var pretokenizer: String?
  /// The tokens' texts, in the alphabet of the family.
  package var texts: ByteStrings
  /// One score a token: the higher, the earlier a SentencePiece token is merged.
  package var scores: [Float]?
  /// One raw `TokenKind` a token; without them all tokens are normal.
  package var kinds: [Int32]?
  /// The merges of byte-pair encoding in order, each two token texts with a space between.
  package var merges: ByteStrings?
  /// Ids of special tokens that the file names; -1 says that there is none.
  package var specialIDs: [SpecialToken: Int] = [:]
  /// Whether a text starts with BOS; nil leaves it to the family.
  package var addsBOS: Bool?
  /// Whether a text ends with EOS; nil leaves it to the family.
  package var addsEOS: Bool?
  /// Whether a text is encoded as if a space stood before it; nil leaves it to the family.
  package var addsSpacePrefix: Bool?
  /// Whether special tokens swallow the white space after them (Phi-3).
  package var specialTokensSwallowSpace = false

  /// A description with nothing but texts.
  package init(family: String, texts: ByteStrings) {
    self.family = family
    self.texts = texts
  }
}

/// The roles a special token can have.
package enum SpecialToken: String, Sendable, CaseIterable {
  case beginningOfSequence = "BOS"
  case endOfSequence = "EOS"
  case endOfTurn = "EOT"
  case endOfMessage = "EOM"
  case unknown = "UNK"
  case padding = "PAD"
}

/// What a token is, with the numbers that GGUF (`tokenizer.ggml.token_type`) and SentencePiece give.
package enum TokenKind: Int32, Sendable {
  case normal = 1
  case unknown
  case control
  case userDefined
  case unused
  case byte
}

/// What a family of tokenizers assumes where a model file says nothing.
struct VocabularyDefaults {
  var specialIDs: [SpecialToken: Int] = [:]
  var addsBOS = false
  var addsEOS = false
  var addsSpacePrefix = false
  /// What the file leaves out that cannot be assumed without a change of tokens.
  var gaps: [VocabularyGap] = []
}
