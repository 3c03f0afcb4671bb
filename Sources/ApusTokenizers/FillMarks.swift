package import ApusCore

/// The control tokens by which a model is asked to fill in the middle of a text, where it was trained for that
/// (arXiv:2207.14255): prefix mark, what stands before, suffix mark, what stands behind, middle mark.
package struct FillMarks: Sendable, Equatable {
  package let prefix, suffix, middle: Token
  /// Stands before the name of another file of the same project, where there is one.
  package let file: Token?
  /// What may end the middle beside the usual tokens: any of these marks.
  package var all: [Token] { [prefix, suffix, middle] + others }

  private let others: [Token]

  /// Spellings of Qwen and CodeGemma; StarCoder; SantaCoder; Code Llama; DeepSeek; GLM.
  private static let spellings = [
    ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"], ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"], ["▁<PRE>", "▁<SUF>", "▁<MID>"],
    ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"], ["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"],
  ]
  private static let files = ["<|file_sep|>", "<file_sep>", "<|file_separator|>"]
  private static let enders = ["<|fim_pad|>", "<fim_pad>", "<|repo_name|>", "<repo_name>"]

  /// The marks of a vocabulary; nil where it has none.
  package init?(_ vocabulary: Vocabulary) {
    let found = Self.spellings.lazy.map { $0.compactMap { vocabulary.token(of: $0) } }.first { $0.count == 3 }
    guard let found else { return nil }
    (prefix, suffix, middle) = (found[0], found[1], found[2])
    file = Self.files.lazy.compactMap { vocabulary.token(of: $0) }.first
    others = (file.map { [$0] } ?? []) + Self.enders.compactMap { vocabulary.token(of: $0) }
  }
}
