internal import Apus
internal import ApusChat
internal import ApusJSON
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// Answers that must or may call tools.
struct CallConstraintTests {
  private let tiny: TestModel

  // The tools alone are some hundred tokens.
  init() throws { tiny = try TestModel { $0.contextLength = 2048 } }

  private static let tools: [JSONValue] = [
    [
      "type": "function",
      "function": [
        "name": "light",
        "parameters": [
          "type": "object", "properties": ["on": ["type": "boolean"], "mood": ["enum": ["warm", "cold"]]],
          "required": ["on"],
        ],
      ],
    ],
    ["type": "function", "function": ["name": "stop"]],
  ]

  private static let fitting = ["on", "mood"].reduce(into: Set<String>()) { all, _ in
    for on in ["true", "false"] {
      for comma in [",", ", "] {
        for colon in [":", ": "] {
          for other in [":", ": "] {
            all.insert("{\"on\"\(colon)\(on)}")
            for mood in ["warm", "cold"] { all.insert("{\"on\"\(colon)\(on)\(comma)\"mood\"\(other)\"\(mood)\"}") }
          }
        }
      }
    }
  }

  private func answer(
    _ model: Model, _ choice: ToolChoice, seed: UInt64, allowsSeveral: Bool = true, speculation: Speculation = .off,
    stop: [String] = [], maxTokens: Int? = 400, answer: OutputConstraint? = nil
  ) async throws -> (said: TurnSummary, completion: Completion) {
    let prompt = try model.chatTurn([.user("the light")], tools: Self.tools)
    let turn = try model.turnConstraint(
      tools: Self.tools, choice: choice, allowsSeveral: allowsSeveral, answer: answer)
    var sampling = SamplingOptions.greedy
    sampling.temperature = 1.5
    let options = GenerationOptions(
      maxTokens: maxTokens, sampling: sampling, seed: seed, stop: stop, speculation: speculation)
    var request = GenerationRequest(prompt: prompt.tokens, options: options)
    request.constraint = try model.compile(turn, startsInReasoning: prompt.startsInReasoning)
    request.shownTokens = model.turnMarks
    let completion = try await model.engine.submit(request).completion()
    var reader = TurnReader(model, turn, ids: "call_")
    var said = TurnSummary()
    said.take(reader.feed(completion.text))
    said.take(reader.finish(isCut: completion.finishReason != .stop))
    return (said, completion)
  }

  private func fits(_ call: ToolCall) -> Bool {
    call.name == "stop" ? call.arguments == "{}" : call.name == "light" && Self.fitting.contains(call.arguments)
  }

  @Test func `An answer that must call is calls whose arguments fit, with guesses and without, alone and together`()
    async throws
  {
    let model = try await tiny.load { $0.parallel = 8 }
    let other = try await tiny.load { $0.parallel = 1 }
    let seeds = 0..<12 as Range<UInt64>
    let together = try await withThrowingTaskGroup(of: (UInt64, Completion).self) { group in
      for seed in seeds {
        group.addTask {
          (seed, try await self.answer(model, .required, seed: seed, speculation: .always).completion)
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    var names: Set<String> = []
    for seed in seeds {
      let alone = try await answer(other, .required, seed: seed)
      #expect(together[seed]?.text == alone.completion.text && together[seed]?.tokens == alone.completion.tokens)
      #expect(alone.said.content.isEmpty && !alone.said.calls.isEmpty, "\(alone.completion.text)")
      let complete = alone.said.calls.prefix(alone.said.completeCalls)
      #expect(complete.allSatisfy(fits), "\(alone.completion.text)")
      #expect(complete.count == alone.said.calls.count || alone.completion.finishReason == .length)
      names.formUnion(complete.map(\.name))
    }
    #expect(names == ["light", "stop"])
  }

  @Test(arguments: [true, false])
  func `One call ends the answer, of the function that was named, and no stop text cuts it`(
    allowsSeveral: Bool
  ) async throws {
    let model = try await tiny.load()
    for seed in 0..<6 as Range<UInt64> {
      let answer = try await answer(
        model, .function("light"), seed: seed, allowsSeveral: allowsSeveral, stop: ["on", "{"])
      #expect(answer.completion.summary.stopReason == .outputComplete)
      #expect(answer.said.calls.map(\.name) == ["light"] && answer.said.completeCalls == 1)
      #expect(answer.said.calls.allSatisfy(fits) && answer.said.content.isEmpty)
    }
  }

  @Test func `An answer that may call is free text`() async throws {
    let model = try await tiny.load()
    for seed in 0..<6 as Range<UInt64> {
      let answer = try await answer(model, .auto, seed: seed, maxTokens: 40)
      #expect(answer.said.calls.allSatisfy(fits) && !answer.said.content.isEmpty)
    }
  }

  private static let schema = OutputConstraint.jsonSchema(
    #"{"type":"object","properties":{"mood":{"enum":["warm","cold"]}},"required":["mood"],"additionalProperties":false}"#
  )

  @Test func `Beside a schema an answer is calls that fit or a value that fits, alone and together with others`()
    async throws
  {
    let model = try await tiny.load { $0.parallel = 8 }
    let seeds = 0..<16 as Range<UInt64>
    let together = try await withThrowingTaskGroup(of: (UInt64, Completion).self) { group in
      for seed in seeds {
        group.addTask {
          let answer = try await self.answer(model, .auto, seed: seed, speculation: .always, answer: Self.schema)
          return (seed, answer.completion)
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for seed in seeds {
      let alone = try await answer(model, .auto, seed: seed, stop: ["mood", "{"], answer: Self.schema)
      let text = alone.completion.text
      #expect(together[seed]?.text == text)
      let complete = alone.said.calls.prefix(alone.said.completeCalls)
      #expect(complete.allSatisfy(fits), "\(text)")
      guard alone.completion.finishReason == .stop else { continue }
      let values = ["warm", "cold"].map { #"{"mood":"\#($0)"}"# }
      #expect(alone.said.calls.isEmpty ? values.contains(alone.said.content) : alone.said.content.isEmpty, "\(text)")
    }
  }

  @Test func `What must call does so beside a schema, and other constraints say all of the text`() async throws {
    let model = try await tiny.load()
    let must = try await answer(model, .function("stop"), seed: 1, allowsSeveral: false, answer: Self.schema)
    #expect(must.said.calls.map(\.name) == ["stop"] && must.said.content.isEmpty)
    let none = try await answer(model, .none, seed: 1, answer: Self.schema)
    #expect(none.said.calls.isEmpty && none.said.content.hasPrefix("{\"mood\""))
    let call = "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>"
    let written = try await answer(model, .auto, seed: 1, answer: .choices([call]))
    #expect(written.completion.text == call && written.said.calls.map(\.name) == ["stop"])
    let error = await #expect(throws: ApusError.self) {
      try await self.answer(model, .required, seed: 1, answer: .choices([call]))
    }
    guard case .invalidRequest("tool_choice", _)? = error else { Issue.record("\(error as Any)"); return }
  }

  @Test func `What cannot be called is refused, and only where it must be`() async throws {
    let model = try await tiny.load()
    let hopeless: JSONValue = ["type": "object", "properties": ["a": ["$ref": "http://elsewhere"]]]
    let tools: [JSONValue] = [["type": "function", "function": ["name": "f", "parameters": hopeless]]]
    func constraint(_ tools: [JSONValue], _ choice: ToolChoice) throws(ApusError) -> TokenConstraint? {
      try model.compile(try model.turnConstraint(tools: tools, choice: choice), startsInReasoning: false)
    }
    #expect(try constraint(tools, .auto) != nil)
    #expect(try constraint(tools, .none) == nil && constraint([], .auto) == nil)
    for (tools, choice, field) in [
      (tools, ToolChoice.required, "tools"), (tools, .function("g"), "tool_choice"), ([], .required, "tool_choice"),
    ] {
      let error = #expect(throws: ApusError.self) { try constraint(tools, choice) }
      guard case .invalidRequest(field, let reason)? = error else { Issue.record("\(error as Any)"); continue }
      #expect(field == "tool_choice" || reason.contains("tool f") && reason.contains("#/properties/a"), "\(reason)")
    }
  }
}
