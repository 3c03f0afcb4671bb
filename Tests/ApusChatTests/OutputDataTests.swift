internal import ApusChat
internal import ApusJSON
internal import ApusTestSupport
internal import Testing

/// The reference outputs: what models wrote in 26 formats, and what that means.
struct OutputDataTests {
  @Test func everyOutputMeansWhatItShould() throws {
    guard let data = try ToolCallData.load() else { return }
    var counts: [String: Int] = [:]
    for entry in data.outputs {
      let output = ModelOutput(entry, data)
      let state = TurnState([output.text], output.parser(), isCut: output.isCut)
      let verdict = verdict(on: state, output)
      counts[verdict ?? "wrong", default: 0] += 1
      #expect(verdict != nil, "\(output.id): \(output.text.debugDescription) became \(state)")
    }
    for (verdict, count) in counts.sorted(by: { $0.value > $1.value }) { print("tool calls: \(count) \(verdict)") }
    #expect(data.outputs.count > 1000)
    let agreed = counts[Self.agreement, default: 0] + counts[Self.refusal, default: 0]
    #expect(agreed * 100 >= data.outputs.count * 90)
  }

  private static let agreement = "as intended or as the reference"
  private static let refusal = "text, as the reference refuses"

  /// What a state is in the light of the data; nil where it is wrong.
  private func verdict(on state: TurnState, _ output: ModelOutput) -> String? {
    let entry = output.entry
    let isText = state.isText(of: output.text, output.family.format)
    if entry["reference_throws"] == true, entry["intended"] == nil, isText { return Self.refusal }
    let expected = entry["differs"] != nil ? entry["intended"] : entry["expect"]
    if state.matches(expected) { return Self.agreement }
    let reason = Disagreement.all.first {
      $0.isAbout(entry, output.name, output.family.name) && $0.allows(state, isText)
    }
    return reason.map { "otherwise: \($0.reason)" }
  }

  @Test func nothingIsLostAndPiecesDoNotMatter() throws {
    guard let data = try ToolCallData.load() else { return }
    var generator = SeededGenerator(seed: 7)
    for entry in data.outputs {
      let output = ModelOutput(entry, data)
      for isConstrained in [false, true] {
        let parser = output.parser(isConstrained: isConstrained)
        let whole = TurnState([output.text], parser)
        let lost = whole.lostWords(of: output.text, output.family.format)
        // An id behind the arguments comes when the call has been told, or is cut off.
        let isLate = whole.calls.contains { $0.id == nil } && output.text.contains("id\": \"")
        #expect(lost.isEmpty || isLate, "\(output.id): \(lost) of \(output.text.debugDescription) is not in \(whole)")
        for call in whole.calls where call.isComplete { #expect(call.isValid, "\(output.id): \(call)") }
        #expect(whole == TurnState(output.text.map { String($0) }, parser), "\(output.id), one by one")
        #expect(whole == TurnState(output.text.pieces(&generator), parser), "\(output.id), in random pieces")
      }
    }
  }

  private let withoutReader = ["deepseek-r1-distill-llama", "granite-3.3", "phi-4-mini", "smollm3"]

  @Test func constrainedCallsAreToldAsTheyCome() throws {
    guard let data = try ToolCallData.load() else { return }
    var compared = 0
    for entry in data.outputs where entry["expect"] != nil && entry["differs"] == nil {
      let output = ModelOutput(entry, data)
      guard !withoutReader.contains(output.family.name), output.name != "python-tag-code",
        TurnState([output.text], output.parser(isConstrained: true)).matches(entry["expect"])
      else { continue }
      var parser = output.parser(isConstrained: true)
      var state = TurnState()
      var read = 0
      let text = Array(output.text.utf8)
      for partial in entry["partial"]?.elements ?? [] {
        let values = partial.elements
        guard values.count == 4, case .int(let end) = values[0], end > read else { continue }
        state.add(parser.feed(String(decoding: text[read..<end], as: UTF8.self)))
        read = end
        let told = values[3].elements.map { $0.elements.last?.length ?? 0 }
        // What is told may lag behind by a mark, a key, or a value that is no text.
        #expect(state.content.utf8.count + 40 >= values[1].length, "\(output.id) at \(end)")
        #expect(state.reasoning.utf8.count + 40 >= values[2].length, "\(output.id) at \(end)")
        if let last = told.last, last > 160 {
          let length = told.count == state.calls.count ? state.calls.last?.arguments.utf8.count ?? 0 : 0
          #expect(length + 160 >= last, "\(output.id) at \(end)")
        }
        compared += 1
      }
    }
    #expect(compared > 5000)
  }
}

/// One output of the data, and who reads it.
struct ModelOutput {
  var entry: JSONValue
  var id: String
  var name: String
  var text: String
  var family: ToolCallData.Family
  var tools: [JSONValue]
  var isCut: Bool { name.hasPrefix("cut-") }

  init(_ entry: JSONValue, _ data: ToolCallData) {
    self.entry = entry
    id = entry["id"]?.text ?? ""
    name = String(id.split(separator: "/").last ?? "")
    text = entry["output"]?.text ?? ""
    family = data.families[entry["family"]?.text ?? ""]!
    tools = data.tools(of: entry)
  }

  func parser(isConstrained: Bool = false) -> TurnParser {
    let choices: [String: ToolChoice] = ["none": .none, "required": .required]
    return TurnParser(
      family.format, tools: tools, choice: choices[entry["tool_choice"]?.text ?? ""] ?? .auto,
      allowsSeveral: entry["parallel_tool_calls"] != false, isConstrained: isConstrained,
      startsInReasoning: family.format.startsInReasoning(after: entry["generation_prompt"]?.text ?? ""))
  }
}

extension TurnState.Call {
  /// Whether the arguments are a JSON object.
  var isValid: Bool { if case .object? = try? JSONParser.parse(arguments) { true } else { false } }
}

extension JSONValue {
  /// The number itself, or a text's bytes.
  fileprivate var length: Int {
    switch self {
    case .int(let number): number
    case .string(let text): text.utf8.count
    default: 0
    }
  }
}

extension String {
  /// Pieces of one to twelve Unicode scalars.
  func pieces(_ generator: inout SeededGenerator) -> [String] {
    var pieces: [String] = []
    var rest = unicodeScalars[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...12, using: &generator)
      pieces.append(String(String.UnicodeScalarView(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    return pieces
  }
}
