internal import ApusGrammar
internal import ApusJSON

// Turns that may call: free text up to where a call has certainly begun.

extension CallGrammar {
  /// White space between marks, as a model may write it.
  private static let spaces = ByteSet(" \n\r\t".utf8)
  private static var anySpace: RegularLanguage { .repetition(.byte(spaces), atLeast: 0, atMost: nil) }
  private static var someSpace: RegularLanguage { .repetition(.byte(spaces), atLeast: 0, atMost: 8) }

  /// Free text, or free text and calls behind it.
  ///
  /// Both are read side by side until a call has certainly begun: free text has no such beginning.
  mutating func anyTurn(_ format: TurnFormat, allowsSeveral: Bool) throws(CallGrammarError) -> [Grammar.Expression] {
    if format.hasChannels { return try channelTurn() }
    let syntaxes = format.calls
    let free = text(withoutCallsOf: syntaxes) { Self.place(of: $0, format, marks) }
    var ways = [Grammar.Expression.terminal(free)]
    for syntax in syntaxes {
      let isBare = Self.isBare(syntax)
      let before = isBare ? .intersection([free, Self.place(of: syntax, format, marks)]) : free
      let calls = try calls(
        syntax, opening: opening(of: syntax), space: isBare ? .terminal(Self.someSpace) : .sequence([]),
        allowsSeveral: allowsSeveral)
      ways.append(.sequence([.terminal(before), add("calls", calls)]))
    }
    return ways
  }

  /// Calls, with nothing but a little white space before them, in any of the format's ways.
  mutating func callTurn(_ format: TurnFormat, allowsSeveral: Bool) throws(CallGrammarError) -> [Grammar.Expression] {
    if format.hasChannels { return [try channelCall()] }
    var ways: [Grammar.Expression] = []
    for syntax in format.calls {
      let calls = try calls(
        syntax, opening: opening(of: syntax), space: Self.isBare(syntax) ? .terminal(Self.someSpace) : .sequence([]),
        allowsSeveral: allowsSeveral)
      ways.append(.sequence([.terminal(Self.someSpace), add("calls", calls)]))
    }
    return ways
  }

  /// The texts of a turn at whose beginning no call has certainly begun.
  func answerText(_ format: TurnFormat) -> RegularLanguage {
    if format.hasChannels { return marks.anyText }
    return text(withoutCallsOf: format.calls) { _ in Self.someSpace }
  }

  /// All texts in which, at the places that `place` says, no call of these ways has certainly begun.
  private func text(
    withoutCallsOf syntaxes: [CallSyntax], at place: (CallSyntax) -> RegularLanguage
  ) -> RegularLanguage {
    let begun = RegularLanguage.union(
      syntaxes.flatMap { syntax in beginnings(of: syntax).map { .concatenation([place(syntax), $0]) } })
    return .intersection([marks.anyText, .complement(.concatenation([begun, .anything]))])
  }

  /// Whether calls begin without a mark, as other text may.
  private static func isBare(_ syntax: CallSyntax) -> Bool { ["{", "["].contains(syntax.opener) }

  /// The text that may stand before calls.
  private static func place(of syntax: CallSyntax, _ format: TurnFormat, _ marks: MarkTexts) -> RegularLanguage {
    guard isBare(syntax) else { return .anything }
    let isLine = syntax.opener == "{"
    var between: [RegularLanguage] = [.byte(isLine ? ByteSet(" \r\t".utf8) : spaces)]
    if let answer = format.answer { between.append(marks.either(answer.open)) }
    let beginning = RegularLanguage.repetition(.union(between), atLeast: 0, atMost: nil)
    guard isLine else { return beginning }
    return .concatenation([
      .repetition(.concatenation([.anything, .literal("\n".utf8)]), atLeast: 0, atMost: 1), beginning,
    ])
  }

  private static func pieces(_ syntax: CallSyntax) -> [String] {
    head(syntax).map(\.withoutOuterSpace).filter { !$0.isEmpty }
  }

  /// The head, with or without white space between its marks.
  private func opening(of syntax: CallSyntax) -> Grammar.Expression {
    var parts: [RegularLanguage] = []
    for piece in Self.pieces(syntax) { parts += (parts.isEmpty ? [] : [Self.someSpace]) + [marks.either(piece)] }
    // A name may stand in a line of its own behind a mark.
    if case .named(let named) = syntax.shape, named.beforeName.isEmpty { parts.append(Self.someSpace) }
    return .terminal(.concatenation(parts))
  }

  /// The texts behind which a call has certainly begun.
  ///
  /// A mark's own token is enough. Text that may be other than a call needs more: two pieces, or a tool's name.
  private func beginnings(of syntax: CallSyntax) -> [RegularLanguage] {
    let pieces = Self.pieces(syntax)
    guard let first = pieces.first else { return [] }
    func spaced(_ parts: [RegularLanguage]) -> RegularLanguage {
      .concatenation(Array(parts.flatMap { [Self.anySpace, $0] }.dropFirst()))
    }
    let rest = pieces.dropFirst().map(marks.either)
    let (token, plain) = (marks.bytes(first), Array(first.utf8))
    let isCertain = !Self.isBare(syntax) && pieces.count > 1
    let spelled = spaced([.literal(plain)] + rest + (isCertain ? [] : nameParts(syntax)))
    return token == plain ? [spelled] : [.literal(token), spelled]
  }

  /// A tool's name behind a head, and what shows that it is one.
  private func nameParts(_ syntax: CallSyntax) -> [RegularLanguage] {
    switch syntax.shape {
    case .object(let keys):
      let names = RegularLanguage.union(tools.map { .literal(JSONValue.string($0.name).text.utf8) })
      guard let name = keys.name else { return [names, .literal(":".utf8)] }
      return [.literal("\"\(name)\"".utf8), .literal(":".utf8), names]
    case .named(let named):
      let names = RegularLanguage.union(tools.map { .literal($0.name.utf8) })
      let marks = [named.beforeID, named.beforeArguments].compactMap { $0 }.map {
        self.marks.either($0.withoutOuterSpace)
      }
      return [names, .union(marks)]
    }
  }
}
