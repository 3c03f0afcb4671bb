internal import ApusCore
internal import ApusGrammar
internal import ApusTokenizers

/// The tokens that are marks of a model's turns, which grammars tell from text.
struct TurnMarks: Sendable {
  private var texts: [Token: [UInt8]] = [:]
  private var tokens: [[UInt8]: Token] = [:]

  /// None.
  init() {}

  /// Those of `shown`, tokens that are shown in a turn's text, that no text is split into by chance.
  init(_ shown: Set<Token>, _ vocabulary: Vocabulary) {
    for token in shown {
      guard [.control, .userDefined].contains(vocabulary.kind(of: token)) else { continue }
      texts[token] = Array(vocabulary.texts[Int(token)])
      tokens[texts[token] ?? []] = token
    }
  }

  /// The marks as a vocabulary shows them.
  var shown: [String] { texts.values.map { String(decoding: $0, as: UTF8.self) } }

  func contains(_ token: Token) -> Bool { texts[token] != nil }

  /// The bytes of a mark in a trie; nil for other tokens.
  func bytes(of token: Token) -> [UInt8]? { texts[token].map(MarkToken.bytes) }

  /// The text before the first mark, and the mark where all of it is there.
  func firstMark(in bytes: [UInt8]) -> (text: [UInt8], mark: Token?) {
    guard let start = bytes.firstIndex(of: MarkToken.edge) else { return (bytes, nil) }
    let name = bytes[(start + 1)...].prefix { $0 != MarkToken.edge }
    return (Array(bytes[..<start]), name.endIndex < bytes.endIndex ? tokens[Array(name)] : nil)
  }
}
