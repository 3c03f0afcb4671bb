internal import ApusChat
internal import ApusCore
internal import ApusText
internal import ApusTokenizers

/// What a model may think before a constrained text begins; a value, one place in an answer.
///
/// The thinking itself is free. Behind its end a little white space may stand, as models were trained to write it.
struct ReasoningLead: Sendable {
  private enum Phase { case beginning, reasoning, space(left: Int) }

  /// White space tokens that may stand between the thinking and the text.
  private static let spaces = 2

  private let tokenizer: Tokenizer
  private let opening: Token?
  /// Looks for the end of the thinking.
  private var close: MarkSearch
  private let spaceTokens: [Token]
  private var phase: Phase

  /// The thinking of a model with these marks, which it may begin or has begun; nil where there are none.
  init?(_ marks: CallSyntax.Marks?, _ tokenizer: Tokenizer, hasBegun: Bool) {
    guard let marks, let close = MarkSearch(marks.close) else { return nil }
    self.close = close
    opening = tokenizer.vocabulary.token(of: marks.open.withoutOuterSpace)
    guard hasBegun || opening != nil else { return nil }
    self.tokenizer = tokenizer
    spaceTokens = ["\n", "\n\n"].compactMap { text in
      let tokens = tokenizer.encode(continuing: Array(text.utf8))
      return tokens.count == 1 ? tokens[0] : nil
    }
    phase = hasBegun ? .reasoning : .beginning
  }

  /// Whether what comes is free.
  var isFree: Bool { if case .reasoning = phase { true } else { false } }

  /// The tokens that may come beside those of the text.
  var others: [Token] {
    switch phase {
    case .beginning: opening.map { [$0] } ?? []
    case .reasoning: []
    case .space: spaceTokens
    }
  }

  /// What a token means here.
  enum Step {
    /// It belongs to the thinking, or stands between that and the text.
    case taken
    /// The thinking is over with it, and these bytes of it belong to the text already.
    case ended([UInt8])
    /// It belongs to the text.
    case text
  }

  /// Goes on with a token.
  mutating func take(_ token: Token) -> Step {
    switch phase {
    case .beginning:
      guard token == opening else { return .text }
      phase = .reasoning
      return .taken
    case .reasoning: return think(token)
    case .space(let left):
      guard spaceTokens.contains(token) else { return .text }
      phase = .space(left: left - 1)
      return left > 1 ? .taken : .ended([])
    }
  }

  private mutating func think(_ token: Token) -> Step {
    guard let behind = close.take(tokenizer.piece(of: token, renderSpecial: true)) else { return .taken }
    let rest = behind.drop(while: isWhiteSpace)
    phase = .space(left: Self.spaces)
    return rest.isEmpty ? .taken : .ended(Array(rest))
  }
}
