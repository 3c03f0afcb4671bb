internal import ApusGrammar
internal import ApusText

/// Which marks of a format are tokens of a vocabulary, so that a grammar asks for these tokens.
package struct MarkTexts: Sendable {
  /// The texts of marks that are tokens shown in the turn's text, longest first.
  let shown: [[UInt8]]
  /// The texts of tokens that end a turn.
  let ends: [[UInt8]]

  /// `shown` are texts of tokens that are shown, `ends` of those that end a turn.
  package init(shown: some Sequence<String> = [], ends: some Sequence<String> = []) {
    self.shown = shown.map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    self.ends = ends.map { Array($0.utf8) }.filter { !$0.isEmpty }
  }

  /// The bytes of a text of the format, in which marks stand as their tokens.
  ///
  /// It ends before a token that ends the turn: whatever stands behind that is not the turn's.
  func bytes(_ text: String) -> [UInt8] {
    var (rest, bytes) = (Array(text.utf8)[...], [UInt8]())
    while let byte = rest.first, !ends.contains(where: { rest.starts(with: $0) }) {
      if let mark = shown.first(where: { rest.starts(with: $0) }) {
        bytes += MarkToken.bytes(of: mark)
        rest = rest.dropFirst(mark.count)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return bytes
  }

  /// Whether a token that ends the turn stands in a text of the format.
  func endsTurn(_ text: String) -> Bool { ends.contains { Array(text.utf8).position(of: $0) != nil } }

  /// A text of the format, with its tokens or spelled.
  func either(_ text: String) -> RegularLanguage {
    let (tokens, plain) = (bytes(text), Array(text.utf8))
    return tokens == plain ? .literal(plain) : .union([.literal(tokens), .literal(plain)])
  }

  /// All texts of a turn: characters and marks.
  var anyText: RegularLanguage {
    .repetition(
      .union([ScalarSet.all.utf8] + shown.map { .literal(MarkToken.bytes(of: $0)) }), atLeast: 0, atMost: nil)
  }
}
