internal import ApusChat
internal import ApusJSON
internal import ApusTestSupport
internal import Testing

/// Whatever a model writes: nothing traps, nothing is lost, calls are valid, pieces do not matter, time is linear.
struct HostileTurnTests {
  @Test func randomAndMutatedOutputs() throws {
    guard let data = try ToolCallData.load() else { return }
    var generator = SeededGenerator(seed: 23)
    let families = data.families.values.sorted { $0.name < $1.name }
    for family in families {
      let outputs = data.outputs.filter { $0["family"]?.text == family.name }.map { ModelOutput($0, data) }
      for _ in 0..<60 {
        guard let output = outputs.randomElement(using: &generator) else { continue }
        let text = mutated(output.text, family.format, &generator)
        for isConstrained in [false, true] {
          check(text, output.parser(isConstrained: isConstrained), family.format, isConstrained, &generator)
        }
      }
    }
  }

  private func check(
    _ text: String, _ parser: TurnParser, _ format: TurnFormat, _ isConstrained: Bool,
    _ generator: inout SeededGenerator
  ) {
    let whole = TurnState([text], parser)
    let name = text.debugDescription
    #expect(whole == TurnState(text.pieces(&generator), parser), "\(format.marks) \(name)")
    #expect(whole == TurnState(text.unicodeScalars.map { String($0) }, parser), "\(format.marks) \(name)")
    // Half a surrogate pair is replaced, a word may go on behind a mark or a call, an id may come too late.
    let parts = ["ud8", "ude0", "é"] + format.marks.flatMap(\.words)
    let lost = whole.lostWords(of: text, format).filter { word in !parts.contains { word.contains($0) } }
    let isLate = whole.calls.contains { $0.id == nil } && text.contains("id\"")
    #expect(lost.isEmpty || isLate, "\(lost) of \(name): \(whole)")
    for call in whole.calls where call.isComplete { #expect(call.isValid, "\(name): \(call)") }
    #expect(!whole.calls.dropLast().contains { !$0.isComplete }, "\(name): \(whole)")
    if whole.calls.isEmpty, !isConstrained {
      #expect(whole.isText(of: text, format) || whole.lostWords(of: text, format).isEmpty, "\(name): \(whole)")
    }
  }

  /// The text with pieces cut out, doubled, put elsewhere, and marks put in.
  private func mutated(_ text: String, _ format: TurnFormat, _ generator: inout SeededGenerator) -> String {
    var scalars = Array(text.unicodeScalars)
    let pieces = format.marks + ["{", "}", "\"", "\\", "[", "]", "(", ")", ",", "null", "\n", "é", "<", "'", "\\ud83d"]
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let place = Int.random(in: 0...scalars.count, using: &generator)
      let end = min(scalars.count, place + Int.random(in: 0...20, using: &generator))
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: scalars.removeSubrange(place..<end)
      case 1:
        scalars.insert(
          contentsOf: Array(scalars[place..<end]), at: Int.random(in: 0...scalars.count, using: &generator))
      case 2: scalars.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").unicodeScalars, at: place)
      default: scalars.removeSubrange(place...)
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  @Test func longTurnsTakeLinearTime() throws {
    guard let data = try ToolCallData.load() else { return }
    for name in ["qwen3", "qwen3-coder", "llama-3.1", "gpt-oss", "lfm2", "gemma-4"] {
      guard let family = data.families[name] else { continue }
      let tool: JSONValue = ["name": "f", "parameters": ["properties": ["a": ["type": "string"]]]]
      let opener = family.format.marks.first ?? "<|channel|>commentary to=functions."
      let texts = [
        String(repeating: opener, count: 2000), String(repeating: opener + "{\"name\": \"f\", ", count: 800),
        String(repeating: " ", count: 20_000), String(repeating: "<", count: 20_000),
        opener + String(repeating: "[", count: 10_000),
        opener + "{\"name\": \"f\", \"arguments\": " + String(repeating: "{\"a\": ", count: 2000),
        opener + "{\"name\": \"" + String(repeating: "f", count: 10_000),
        opener + "{\"name\": \"f\", \"arguments\": {\"a\": \"" + String(repeating: "\\u", count: 5000),
      ]
      for text in texts {
        let parser = TurnParser(family.format, tools: [tool], startsInReasoning: false)
        #expect(
          TurnState(text.unicodeScalars.map { String($0) }, parser) == TurnState([text], parser), "\(family.name)")
      }
    }
  }

  @Test func malformedToolsAreIgnored() {
    let format = commonFormat
    let deep = (0..<100).reduce(JSONValue.null) { value, _ in ["anyOf": [value]] }
    let tools: [JSONValue] = [
      .null, "f", 1, [], [:], ["function": "f"], ["name": 1], ["name": ""], ["name": "f", "parameters": [1]],
      ["function": ["name": "g", "parameters": ["properties": [], "required": [1, .null], "type": ["object", 7]]]],
      ["function": ["name": "h", "parameters": ["properties": ["a": deep, "b": true], "required": "a"]]],
    ]
    let text = "<tool_call>{\"name\": \"h\", \"arguments\": {\"a\": 1}}</tool_call>"
    let state = TurnState([text], TurnParser(format, tools: tools, startsInReasoning: false))
    #expect(state.calls.map(\.name) == ["h"])
  }

  private var commonFormat: TurnFormat {
    var syntax = CallSyntax(.object(.init()))
    syntax.call = .init("<tool_call>", "</tool_call>")
    var format = TurnFormat()
    format.calls = [syntax]
    return format
  }
}
