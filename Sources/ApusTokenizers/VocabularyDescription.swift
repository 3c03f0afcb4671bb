/// What a model file says about its vocabulary, unchecked: the raw material of a `Vocabulary`.
package struct VocabularyDescription: Sendable {
  /// The family of tokenizers, such as `llama` or `gpt2`.
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

  /// How a text is rewritten first.
  package var normalization = TextNormalization()

  /// A description with nothing but texts.
  package init(family: String, texts: ByteStrings) {
    self.family = family
    self.texts = texts
  }
}

/// How a text is rewritten before it is cut into tokens, in the families that do that.
package struct TextNormalization: Sendable {
  /// Whether of several spaces one stays, and none at the ends (unigram).
  package var removesExtraSpaces = false
  /// SentencePiece's table of replacements, empty for none (unigram).
  package var characterMap: [UInt8] = []
  /// Whether upper case becomes lower case; nil leaves it to the family (WordPiece).
  package var lowercases: Bool?
  /// Whether accents are left out; nil means where upper case becomes lower case (WordPiece).
  package var stripsAccents: Bool?
}

/// The roles a special token can have.
package enum SpecialToken: String, Sendable, CaseIterable {
  case beginningOfSequence = "BOS"
  case endOfSequence = "EOS"
  case endOfTurn = "EOT"
  case endOfMessage = "EOM"
  case unknown = "UNK"
  case padding = "PAD"
  case separator = "SEP"
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
  /// Whether a text starts with BOS even where the file says that it does not.
  var alwaysAddsBOS = false
  /// What the file leaves out that cannot be assumed without a change of tokens.
  var gaps: [VocabularyGap] = []
}
