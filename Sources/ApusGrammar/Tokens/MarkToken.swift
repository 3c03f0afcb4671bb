/// Tokens that are marks: they stand for structure, though they are shown as a text.
package enum MarkToken {
  /// A byte that no text in UTF-8 has.
  package static let edge: UInt8 = 0xFF

  /// The bytes that stand for a mark's own token in a trie and in grammars: no text has them, so that a grammar tells the
  /// token from tokens that spell it.
  package static func bytes(of mark: some Sequence<UInt8>) -> [UInt8] { [edge] + mark + [edge] }
}
