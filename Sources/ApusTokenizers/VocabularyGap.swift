/// Something that a model file does not say about its vocabulary, so that something was assumed which changes tokens.
package enum VocabularyGap: Sendable, Equatable {
  /// A byte-level vocabulary whose pre-tokenizer the file does not name, or calls `default`.
  case pretokenizer
  /// No kinds of tokens: which are control tokens is not known.
  case kinds
  /// The file does not name the token of this role; the family's usual one was taken.
  case assumed(SpecialToken, text: String)
  /// Texts are to start with BOS, and there is no such token.
  case noBeginning
  /// So many merges of byte-pair encoding do not join two tokens to a third.
  case merges(unusable: Int)
  /// No token ends a text or a turn.
  case noEnd
  /// No token stands for text that has none.
  case noUnknown
  /// So many tokens of text have a score that is no number, or without bounds.
  case scores(unusable: Int)
  /// No token goes on within a word (WordPiece).
  case noWordParts

  private static let wrongTokens = "the text may be split into wrong tokens, so answers may be worse"
}

extension VocabularyGap: CustomStringConvertible {
  /// What is missing and what follows from it.
  package var description: String {
    switch self {
    case .pretokenizer:
      "the file does not name its pre-tokenizer (tokenizer.ggml.pre): \(Self.wrongTokens)"
    case .kinds:
      "the file does not say which tokens are control tokens (tokenizer.ggml.token_type): the model sees marks such as "
        + "<|im_end|> as ordinary letters, so it may not stop and may answer badly"
    case .assumed(let role, let text):
      "the file does not name its \(role.rawValue) token: \(quoted(text)) is taken, as is usual"
    case .noBeginning: "texts are to begin with BOS (tokenizer.ggml.add_bos_token), but the file names no such token"
    case .merges(let unusable):
      "\(unusable) of its merges (tokenizer.ggml.merges) do not join two tokens to a third and are left out: "
        + Self.wrongTokens
    case .noUnknown:
      "no token stands for what has none (tokenizer.ggml.unknown_token_id): such text is left out of prompts"
    case .scores(let unusable):
      "\(unusable) of its scores (tokenizer.ggml.scores) are not finite numbers and count as very low or very high: "
        + Self.wrongTokens
    case .noWordParts:
      "no token goes on within a word (all start with U+2581): a word that is no token is unknown, so results may be "
        + "worse"
    case .noEnd: "no token of the vocabulary ends a text: answers go on up to their limit"
    }
  }
}
