internal import ApusChat
internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTestSupport
internal import Testing

private let noTokens = TokenTrie(count: 0) { _ in nil }

/// Turns that are calls, or an answer which a schema describes.
struct CallsBesideAnswerTests {
  private static let tools: [JSONValue] = [
    [
      "type": "function",
      "function": ["name": "get", "parameters": ["type": "object", "properties": ["a": ["type": "integer"]]]],
    ]
  ]

  private func read(_ text: String, _ format: TurnFormat, _ tools: [JSONValue]) -> TurnState {
    TurnState(
      [text], TurnParser(format, tools: tools, isConstrained: true, callsComeFirst: true, startsInReasoning: false))
  }

  @Test(arguments: [true, false])
  func everyTextOfTheGrammarIsReadAsCalls(areTokens: Bool) throws {
    guard let data = try ToolCallData.load() else { return }
    var generator = SeededGenerator(seed: 71)
    for family in data.families.values.sorted(by: { $0.name < $1.name }) {
      let (format, tools) = (family.format, data.tools(named: "default"))
      let marks =
        areTokens
        ? MarkTexts(shown: format.marks.filter { $0 != "<|call|>" }, ends: ["<|call|>"]) : MarkTexts()
      let grammar = try format.callGrammar(besideAnswer: tools, allowsSeveral: true, marks: marks)
      let walk = try CallWalk(grammar, format, words: ["city", "Paris", "\n"], marks: marks)
      for _ in 0..<6 {
        guard let text = walk.text(&generator) else {
          Issue.record("\(family.name): no end")
          continue
        }
        let state = read(shown(text), format, tools)
        #expect(
          !state.calls.isEmpty && state.content.isEmpty && state.calls.allSatisfy { $0.isComplete },
          "\(family.name): \(shown(text).debugDescription) \(state)")
      }
    }
  }

  /// Whether an answer may begin so beside calls, or calls.
  private func ways(_ text: String, _ format: TurnFormat) throws -> (answer: Bool, calls: Bool) {
    var answer = GrammarMatcher(
      try CompiledGrammar(format.answerText(besideCallsOf: Self.tools, marks: MarkTexts())), noTokens)
    var calls = GrammarMatcher(
      try CompiledGrammar(
        try format.callGrammar(besideAnswer: Self.tools, allowsSeveral: true, marks: MarkTexts())), noTokens)
    return (answer.accept(bytes: Array(text.utf8)), calls.accept(bytes: Array(text.utf8)))
  }

  @Test func aTextIsAnAnswerOrCallsAndNeverBoth() throws {
    guard let data = try ToolCallData.load() else { return }
    let (llama, qwen) = (data.families["llama-3.1"], data.families["qwen3"])
    for format in [llama, qwen].compactMap({ $0?.format }) {
      for text in [
        #"{"name": "Bob"}"#, #"{"names": "get"}"#, "[1, 2]", "3", #"{"a": {"name": "get", "parameters": {"a": 1}}}"#,
        #"{"text": "<tool_call>{"}"#, #"{"parameters": {}, "name": "get"}"#,
        #"{"name": "g\u0065t", "parameters": {"a": "x"}}"#, #"{"n\u0061me": "get", "parameters": {"a": "x"}}"#,
      ] {
        #expect(try ways(text, format) == (true, false), "\(text)")
        #expect(read(text, format, Self.tools).content == text)
      }
    }
    for (family, text) in [
      (llama, #"{"name": "get""#), (llama, #"{"name":"get", "parameters": {"a":1}}"#), (llama, "[get("),
      (qwen, "<tool_call>{"), (qwen, "\n<tool_call>\n{\"name\": \"get\""),
    ] {
      let format = try #require(family).format
      #expect(try ways(text, format) == (false, true), "\(text)")
    }
    // Of a mark that is spelled nothing is known before what belongs to it.
    #expect(try ways("<tool", #require(qwen).format) == (true, true))
  }

  @Test func answersOnChannelsFollowTheReasoning() throws {
    guard let format = try ToolCallData.load()?.families["gpt-oss"]?.format else { return }
    #expect(format.hasChannels)
    let schema = try JSONSchema(["type": "integer"]).grammar
    let grammar = format.grammar(ofAnswer: schema, marks: MarkTexts())
    let lead = "<|channel|>analysis<|message|>so<|end|><|start|>assistant"
    for text in ["<|channel|>final<|message|>3", lead + "<|channel|>final<|message|>3"] {
      var matcher = GrammarMatcher(try CompiledGrammar(grammar), noTokens)
      let isTaken = matcher.accept(bytes: Array(text.utf8))
      #expect(isTaken && matcher.canEnd, "\(text)")
      #expect(read(text, format, Self.tools).content == "3")
    }
    var matcher = GrammarMatcher(try CompiledGrammar(grammar), noTokens)
    let isTaken = matcher.accept(bytes: Array("3".utf8))
    #expect(!isTaken)
  }
}
