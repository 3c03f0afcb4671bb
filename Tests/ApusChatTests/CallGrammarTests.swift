internal import ApusChat
internal import ApusGrammar
internal import ApusJSON
internal import ApusTestSupport
internal import Testing

/// Whatever a grammar of calls allows, the parser reads as calls whose arguments fit, and nothing else.
struct CallGrammarTests {
  private func marks(_ format: TurnFormat, areTokens: Bool) -> MarkTexts {
    areTokens ? MarkTexts(shown: format.marks.filter { $0 != "<|call|>" }, ends: ["<|call|>"]) : MarkTexts()
  }

  @Test(arguments: [true, false])
  func turnsThatMustCall(areTokens: Bool) throws {
    guard let data = try ToolCallData.load() else { return }
    var generator = SeededGenerator(seed: 61)
    for family in data.families.values.sorted(by: { $0.name < $1.name }) {
      for tools in [data.tools(named: "default"), data.tools(named: "plain"), Self.hardTools] {
        for choice in [ToolChoice.required, .function(tools[0]["function"]?["name"]?.text ?? "")] {
          let marks = marks(family.format, areTokens: areTokens)
          let grammar = try family.format.callGrammar(
            tools: tools, choice: choice, allowsSeveral: true, marks: marks)
          let walk = try CallWalk(grammar, family.format, words: Self.words, marks: marks)
          for _ in 0..<4 {
            guard let text = walk.text(&generator) else {
              Issue.record("\(family.name): no end")
              continue
            }
            let state = try check(shown(text), family, tools, choice, &generator)
            #expect(
              !state.calls.isEmpty && state.content.isEmpty, "\(family.name): \(shown(text).debugDescription) \(state)")
          }
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func turnsThatMayCall(areTokens: Bool) throws {
    guard let data = try ToolCallData.load() else { return }
    var generator = SeededGenerator(seed: 62)
    var calls = 0
    for family in data.families.values.sorted(by: { $0.name < $1.name }) {
      for tools in [data.tools(named: "default"), Self.hardTools] {
        let marks = marks(family.format, areTokens: areTokens)
        let grammar = try family.format.callGrammar(
          tools: tools, choice: .auto, allowsSeveral: true, marks: marks)
        let walk = try CallWalk(
          grammar, family.format, words: Self.words + Self.openings(family.format, tools), marks: marks)
        for _ in 0..<20 {
          guard let text = walk.text(&generator, length: 150) else {
            Issue.record("\(family.name): no end")
            continue
          }
          calls += try check(shown(text), family, tools, .auto, &generator).calls.count
        }
      }
    }
    #expect(calls > 100)
  }

  /// The turn that a text means, in any pieces; its calls are complete and fit.
  private func check(
    _ text: String, _ family: ToolCallData.Family, _ tools: [JSONValue], _ choice: ToolChoice,
    _ generator: inout SeededGenerator
  ) throws -> TurnState {
    let parser = TurnParser(
      family.format, tools: tools, choice: choice, isConstrained: true, startsInReasoning: false)
    let state = TurnState([text], parser)
    #expect(state == TurnState(text.pieces(&generator), parser))
    for call in state.calls {
      let tool = tools.last { $0["function"]?["name"]?.text == call.name }
      #expect(call.isComplete && tool != nil, "\(family.name): \(text.debugDescription) \(state)")
      let schema = tool?["function"]?["parameters"] ?? ["maxProperties": 0]
      #expect(
        try call.isValid && fits(call.arguments, schema), "\(family.name): \(text.debugDescription) \(call.arguments)")
      if case .function(let name) = choice { #expect(call.name == name && state.calls.count == 1) }
    }
    return state
  }

  private static let words = ["city", "Paris", "query", "\"a\": 1", "x</parameter>", "</function>", "\n", "  "]

  /// What begins calls, so that random texts have some.
  private static func openings(_ format: TurnFormat, _ tools: [JSONValue]) -> [String] {
    format.calls.flatMap { syntax in
      let head = syntax.section.open + (syntax.isList ? "[" : "") + syntax.call.open
      let names = tools.compactMap { $0["function"]?["name"]?.text }
      switch syntax.shape {
      case .object(let keys): return names.map { "\(head){\"\(keys.name ?? "")\": \"\($0)\"" }
      case .named(let named): return names.map { head + named.beforeName + $0 + named.beforeArguments }
      }
    } + (format.hasChannels ? ["<|channel|>commentary to=functions.", "<|channel|>analysis<|message|>"] : [])
  }

  /// Tools with all kinds of values.
  private static let hardTools: [JSONValue] = [
    [
      "type": "function",
      "function": [
        "name": "set",
        "parameters": [
          "type": "object", "required": ["mode", "free"],
          "properties": [
            "mode": ["enum": ["on", "off", 3, .null, "a\"b\n<|\"|>"]], "free": [:],
            "text": ["type": "string", "minLength": 2],
            "list": ["type": "array", "items": ["type": ["string", "boolean"]], "maxItems": 3],
            "tree": ["$ref": "#/$defs/tree"], "number": ["type": "number", "minimum": .double(-1.5)],
            "either": ["anyOf": [["type": "string", "pattern": "^[a-c]+$"], ["type": "null"]]],
            "object": ["type": "object", "additionalProperties": ["type": "integer"]],
          ],
          "$defs": [
            "tree": [
              "type": "object", "properties": ["left": ["$ref": "#/$defs/tree"], "value": ["type": "string"]],
              "required": ["value"],
            ]
          ],
        ],
      ],
    ],
    ["type": "function", "function": ["name": "nothing"]],
    ["type": "function", "function": ["name": "other", "parameters": ["type": "object"]]],
    [
      "type": "function",
      "function": [
        "name": "any_of",
        "parameters": ["anyOf": [["properties": ["a": ["type": "string"]], "required": ["a"]], ["required": ["b"]]]],
      ],
    ],
  ]
}
