internal import ApusText

/// Why a vocabulary cannot be used.
package enum TokenizerError: Error, Equatable {
  /// No tokenizer of this name; `known` are the ones there are.
  case unknownFamily(String, known: [String])
  /// No pre-tokenizer of this name; `known` are the ones there are.
  case unknownPretokenizer(String, known: [String])
  /// The vocabulary lacks a part that its family needs.
  case missing(String, family: String)
  /// A list does not have one entry for each token.
  case wrongCount(of: String, expected: Int, found: Int)
  /// More tokens than 32-bit ids can number, or none.
  case tokenCount(Int)
  /// A token's kind is none of the known ones.
  case unknownKind(Int32, token: Int)
  /// A byte token's text is not `<0x` and two hexadecimal digits and `>`.
  case malformedByteToken(String, token: Int)
  /// The table of replacements of a unigram vocabulary cannot be read, for this reason.
  case malformedCharacterMap(String)
  /// A special token's id is outside the vocabulary.
  case idOutOfRange(of: String, id: Int, tokenCount: Int)
}

extension TokenizerError: CustomStringConvertible {
  /// One sentence for people; text from the model file is cut short and escaped.
  package var description: String {
    switch self {
    case .unknownFamily(let name, let known):
      "unknown tokenizer \(quoted(name)); known are \(known.joined(separator: ", "))"
    case .unknownPretokenizer(let name, let known):
      "unknown pre-tokenizer \(quoted(name)); known are \(known.joined(separator: ", "))"
    case .missing(let part, let family):
      "the vocabulary has no \(part), which the tokenizer \(quoted(family)) needs"
    case .wrongCount(let part, let expected, let found):
      "the vocabulary has \(expected) tokens, but \(found) \(part)"
    case .tokenCount(let count):
      "a vocabulary has 1 to \(Int32.max) tokens, this one has \(count)"
    case .unknownKind(let kind, let token):
      "token \(token) has type \(kind); known are 1 (normal) to 6 (byte)"
    case .malformedByteToken(let text, let token):
      "byte token \(token) is \(quoted(text)), expected <0x00> to <0xFF>"
    case .malformedCharacterMap(let reason):
      "the character map (tokenizer.ggml.precompiled_charsmap) is malformed: \(reason)"
    case .idOutOfRange(let name, let id, let count):
      "the \(name) token has id \(id), but the vocabulary ends at \(count - 1)"
    }
  }
}

/// A text from outside for a message: in quotes, at most 64 bytes of it, control characters escaped.
func quoted(_ text: String) -> String { "\"" + printable(text, limit: 64) + "\"" }
