package import ApusCore

/// Turns tokens into text as they come, and never hands out part of a character.
///
/// What it hands out, joined, is what decoding all tokens at once gives. Bytes that are no UTF-8 become U+FFFD as soon
/// as that is certain. A value: a copy goes on from the same place.
package struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let renderSpecial: Bool
  /// Control tokens that appear all the same.
  private let shown: Set<Token>
  private var atStart: Bool
  /// The start of a character whose end has not come: at most three bytes.
  private var unfinished: [UInt8] = []

  /// A decoder of one text.
  ///
  /// - Parameters:
  ///   - tokenizer: The tokenizer whose tokens come.
  ///   - renderSpecial: Whether control tokens appear, as their text.
  ///   - shown: Control tokens that appear even if others do not.
  ///   - continuing: Whether the tokens continue a text, so that a leading space is theirs.
  package init(
    _ tokenizer: Tokenizer, renderSpecial: Bool = false, shown: Set<Token> = [], continuing: Bool = false
  ) {
    self.tokenizer = tokenizer
    self.renderSpecial = renderSpecial
    self.shown = shown
    atStart = !continuing
  }

  /// The text that is complete with `token`; empty while a character is unfinished.
  package mutating func feed(_ token: Token) -> String {
    tokenizer.append(
      token, to: &unfinished, renderSpecial: renderSpecial || shown.contains(token), atStart: &atStart)
    let end = startOfUnfinishedScalar(in: unfinished)
    guard end > 0 else { return "" }
    let text = String(decoding: unfinished[..<end], as: UTF8.self)
    unfinished.removeSubrange(..<end)
    return text
  }

  /// What is left at the end of the text: U+FFFD if it ends within a character, else nothing.
  package mutating func finish() -> String {
    defer { unfinished.removeAll() }
    return String(decoding: unfinished, as: UTF8.self)
  }
}
