internal import ApusGrammar

// Turns on channels (gpt-oss), behind `<|start|>assistant`. A call ends the turn, by a token that ends all turns.

extension CallGrammar {
  private static let recipient = "to=functions."
  private static let json = CallSyntax.Arguments.value(.json)

  /// Reasoning, if any, and one call.
  mutating func channelCall() throws(CallGrammarError) -> Grammar.Expression {
    var ways: [Grammar.Expression] = []
    for tool in tools where try canAddress(tool) {
      ways.append(
        .sequence([text(tool.name + " <|constrain|>json<|message|>"), try arguments(Self.json, tool)]))
    }
    return .sequence([
      channelThinking, text("<|channel|>commentary " + Self.recipient), .choice(ways),
    ])
  }

  /// Reasoning, if any, and one message to the user.
  func channelAnswer(_ answer: Grammar.Expression) -> Grammar.Expression {
    .sequence([channelThinking, text("<|channel|>final<|message|>"), answer])
  }

  private var channelThinking: Grammar.Expression {
    let body = RegularLanguage.intersection([marks.anyText, .before(mark: Array("<|end|>".utf8))])
    let thinking = Grammar.Expression.sequence([
      text("<|channel|>analysis<|message|>"), .terminal(withoutMarks(body)), text("<|end|><|start|>assistant"),
    ])
    return .repetition(thinking, atLeast: 0, atMost: nil)
  }

  /// Any messages, of which the last may be a call.
  mutating func channelTurn() throws(CallGrammarError) -> [Grammar.Expression] {
    let words = [
      "<|start|>", "<|channel|>", "<|constrain|>", "assistant", "analysis", "commentary", "final", "json", " ",
    ]
    let header = RegularLanguage.concatenation([
      .anything, .union([marks.either("<|start|>"), marks.either("<|channel|>")]),
      .repetition(.union(words.map(marks.either)), atLeast: 0, atMost: nil),
    ])
    let place = RegularLanguage.union([.repetition(.literal(" ".utf8), atLeast: 0, atMost: 1), header])
    let beginning = RegularLanguage.concatenation([place, .literal(Self.recipient.utf8), .anything])
    let free = RegularLanguage.intersection([marks.anyText, .complement(beginning)])
    var ways: [Grammar.Expression] = []
    for tool in tools where try canAddress(tool) {
      ways.append(.sequence([text(tool.name), channelHeaderEnd, try arguments(Self.json, tool)]))
    }
    let call = Grammar.Expression.sequence([text(Self.recipient), .choice(ways)])
    return [
      .terminal(free), .sequence([.terminal(.intersection([free, place])), add("call", call)]),
    ]
  }

  /// What may stand between the recipient and the body.
  private var channelHeaderEnd: Grammar.Expression {
    func optional(_ text: String) -> Grammar.Expression {
      .repetition(self.text(text), atLeast: 0, atMost: 1)
    }
    return .sequence([
      optional(" "),
      .repetition(
        .sequence([text("<|channel|>"), .choice([text("commentary"), text("analysis")]), optional(" ")]), atLeast: 0,
        atMost: 1),
      .repetition(.sequence([text("<|constrain|>json"), optional(" ")]), atLeast: 0, atMost: 1), text("<|message|>"),
    ])
  }

  private func withoutMarks(_ language: RegularLanguage) -> RegularLanguage {
    .intersection([language, .repetition(.byte(ByteSet(0...0xFE)), atLeast: 0, atMost: nil)])
  }

  /// Whether a header can name a tool.
  private func canAddress(_ tool: Tool) throws(CallGrammarError) -> Bool {
    let isWord = !tool.name.utf8.contains { isSpace($0) || $0 == UInt8(ascii: "<") }
    if isWord, tool.name.utf8.count < 256 { return true }
    try refuse(tool)
    return false
  }
}
