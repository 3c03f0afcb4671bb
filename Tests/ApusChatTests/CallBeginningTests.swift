internal import ApusChat
internal import ApusGrammar
internal import ApusJSON
internal import ApusTestSupport
internal import Testing

private let noTokens = TokenTrie(count: 0) { _ in nil }

/// Where free text ends and a call has begun, and what cannot be called.
struct CallBeginningTests {
  private static let tools: [JSONValue] = [
    [
      "type": "function",
      "function": ["name": "get", "parameters": ["type": "object", "properties": ["a": ["type": "integer"]]]],
    ]
  ]

  /// A turn of a family that may call, behind some text; nil where that is not allowed.
  private func turn(_ family: String, _ text: String, marks: [String] = []) throws -> GrammarMatcher? {
    guard let data = try ToolCallData.load(), let format = data.families[family]?.format else { return nil }
    let grammar = try format.callGrammar(
      tools: Self.tools, choice: .auto, allowsSeveral: false, marks: MarkTexts(shown: marks))
    var matcher = GrammarMatcher(try CompiledGrammar(grammar), noTokens)
    return matcher.accept(bytes: Array(text.utf8)) ? matcher : nil
  }

  @Test func textThatIsNoCallIsFree() throws {
    guard TestData.folder != nil else { return }
    for text in [
      "Hello, world.", #"{"name": "Bob", "age": 3}"#, #"{"names": ["get"]}"#, "{}", #"See: {"name": "get"} is JSON"#,
      "[1, 2]", "[get]", "a\n{\n",
    ] {
      #expect(try turn("llama-3.1", text)?.canEnd == true, "\(text)")
    }
    for text in ["Use the <tool_call> tag.", "<tool_call>", "<tool_call> [", "a </tool_call>", #"{"name": "get"}"#] {
      #expect(try turn("qwen3", text)?.canEnd == true, "\(text)")
    }
    for text in ["[TOOL_CALLS] is a mark", "[TOOL_CALLS]other"] {
      #expect(try turn("mistral-small-3.2", text)?.canEnd == true, "\(text)")
    }
  }

  @Test func aCallThatHasBegunMustFit() throws {
    guard TestData.folder != nil else { return }
    let begun: [(family: String, text: String, rest: String)] = [
      ("llama-3.1", #"{"name": "get""#, #", "parameters": {"a": 3}}"#),
      ("llama-3.1", "Well.\n {\"name\":\"get\"", #", "parameters": {}}"#), ("llama-3.1", "[get(", "a=3)]"),
      ("qwen3", "Sure.<tool_call>{", "\"name\": \"get\", \"arguments\": {\"a\":3}}\n</tool_call>"),
      ("qwen3", "<tool_call>\n{", "\"name\": \"get\", \"arguments\": {}}\n</tool_call>"),
      ("mistral-small-3.2", "[TOOL_CALLS]get[ARGS]", "{}"),
    ]
    for (family, text, rest) in begun {
      let matcher = try #require(try turn(family, text), "\(text)")
      #expect(!matcher.canEnd, "\(text)")
      for other in ["x", "\n\n", "}", "\"b\"", "\u{E9}"] where !rest.hasPrefix(other) {
        #expect(!accepts(other, matcher), "\(text)\(other)")
      }
      var whole = matcher
      let isTaken = whole.accept(bytes: Array(rest.utf8))
      #expect(isTaken && whole.isComplete, "\(text)\(rest)")
    }
  }

  @Test func aMarkThatIsATokenBeginsACall() throws {
    guard TestData.folder != nil else { return }
    var matcher = try #require(try turn("mistral-small-3.2", "a", marks: ["[TOOL_CALLS]"]))
    let isTaken = matcher.accept(bytes: MarkToken.bytes(of: "[TOOL_CALLS]".utf8))
    #expect(isTaken && !matcher.canEnd && !accepts("go", matcher) && accepts("get", matcher))
  }

  private func accepts(_ text: String, _ matcher: GrammarMatcher) -> Bool {
    var matcher = matcher
    return matcher.accept(bytes: Array(text.utf8))
  }

  @Test(arguments: [
    (#"{"properties":{"a":{"$ref":"http://x"}}}"#, "#/properties/a"), (#"{"pattern":"("}"#, "#/pattern"), ("3", "#"),
    (#"{"type":"string"}"#, "#"), (#"{"type":"object","properties":{"a":{"type":3}}}"#, "#/properties/a/type"),
    (#"{"not":{}}"#, "#"),
  ])
  func whatCannotBeKeptIsNamed(_ schema: String, _ place: String) throws {
    guard let data = try ToolCallData.load() else { return }
    let parameters = try JSONParser.parse(schema)
    let tools: [JSONValue] =
      Self.tools + [["type": "function", "function": ["name": "bad", "parameters": parameters]]]
    for family in data.families.values {
      let error = #expect(throws: CallGrammarError.self, "\(family.name)") {
        try family.format.callGrammar(tools: tools, choice: .required, allowsSeveral: true, marks: MarkTexts())
      }
      #expect(error?.tool == "bad" && error?.reason.contains(place) == true, "\(family.name): \(error as Any)")
      let grammar = try family.format.callGrammar(tools: tools, choice: .auto, allowsSeveral: true, marks: MarkTexts())
      _ = try CompiledGrammar(grammar)
    }
  }

  /// What is left out neither counts nor stands in the way.
  @Test func argumentsThatAreNotNamedDoNotCount() throws {
    guard let format = try ToolCallData.load()?.families["qwen3"]?.format else { return }
    func grammar(_ parameters: JSONValue) throws(CallGrammarError) -> Grammar {
      let tool: JSONValue = ["type": "function", "function": ["name": "get", "parameters": parameters]]
      return try format.callGrammar(tools: [tool], choice: .required, allowsSeveral: false, marks: MarkTexts())
    }
    let both = try grammar(["properties": ["a": [:], "b": [:]], "minProperties": 2])
    let matcher = GrammarMatcher(try CompiledGrammar(both), noTokens)
    let opening = "<tool_call>\n{\"name\": \"get\", \"arguments\": "
    #expect(accepts(opening + #"{"a": 1, "b": 2}}"#, matcher))
    for wrong in [#"{"a": 1}"#, #"{"a": 1, "c"#] { #expect(!accepts(opening + wrong, matcher), "\(wrong)") }
    let error = #expect(throws: CallGrammarError.self) {
      try grammar(["properties": ["a": [:]], "propertyNames": ["enum": ["a", "b", "c"]], "minProperties": 2])
    }
    #expect(error?.reason.contains("more arguments than it names") == true, "\(error as Any)")
  }

  @Test func hardSchemasOfManyToolsShareABound() throws {
    guard let format = try ToolCallData.load()?.families["qwen3"]?.format else { return }
    let pairs = (0..<9).map { number in
      ["anyOf": [["required": [.string("a\(number)")]], ["required": [.string("b\(number)")]]]] as JSONValue
    }
    let tools: [JSONValue] = (0..<128).map { number in
      [
        "type": "function",
        "function": ["name": .string("f\(number)"), "parameters": ["type": "object", "allOf": .array(pairs)]],
      ]
    }
    func grammar(_ tools: [JSONValue], _ choice: ToolChoice) throws(CallGrammarError) -> Grammar {
      try format.callGrammar(tools: tools, choice: choice, allowsSeveral: true, marks: MarkTexts())
    }
    // One alone can be kept, of many the first at most: others take any object, or are refused where one must be called.
    _ = try CompiledGrammar(try grammar([tools[0]], .required))
    let many = try grammar(tools, .auto)
    #expect(many.expressionCount < 250_000)
    let error = #expect(throws: CallGrammarError.self) { try grammar(tools, .required) }
    #expect(error?.reason.contains("too many steps") == true, "\(error as Any)")
  }

  @Test func hostileToolsAreRefusedOrKept() throws {
    guard let data = try ToolCallData.load() else { return }
    let deep = (0..<60).reduce("true") { text, _ in "{\"properties\":{\"a\":\(text)}}" }
    let wide = JSONValue.object(JSONObject((0..<600).map { ("key\($0)", [:]) }))
    let names = [
      "", " ", "a b", "get\"", "</tool_call>", "(", "x\u{0}", "é", String(repeating: "n", count: 3000), "[ARGS]", "\n",
    ]
    let tools: [JSONValue] =
      names.map { ["type": "function", "function": ["name": .string($0)]] } + [
        3, .null, [:], ["function": 3], ["function": ["name": 3]],
        ["function": ["name": "deep", "parameters": try JSONParser.parse(deep)]],
        ["function": ["name": "wide", "parameters": ["properties": wide]]],
        [
          "function": [
            "name": "keys",
            "parameters": ["properties": ["": [:], " a": [:], "</parameter>": [:], "a=": [:]], "required": ["a="]],
          ]
        ],
      ]
    for family in data.families.values {
      let grammar = try? family.format.callGrammar(tools: tools, choice: .auto, allowsSeveral: true, marks: MarkTexts())
      if let grammar { _ = try? CompiledGrammar(grammar) }
      for name in names where !name.isEmpty {
        _ = try? family.format.callGrammar(
          tools: tools, choice: .function(name), allowsSeveral: true, marks: MarkTexts())
      }
    }
  }
}
