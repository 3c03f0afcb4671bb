internal import Apus
internal import Foundation
internal import Testing

/// The loop of turns, calls and results.
struct ToolSessionTests {
  struct Place: Decodable { let city: String }
  struct Report: Codable, Equatable {
    let city: String
    let degrees: Double
  }

  private let scripted: ScriptedModel
  private let weather = ToolFunction("weather", "The weather in a city.") { (place: Place) in
    Report(city: place.city, degrees: 18.5)
  }

  init() throws { scripted = try ScriptedModel() }

  /// Calls the weather once, and then answers.
  @Sendable private static func script(_ messages: [ChatMessage]) -> String {
    messages.last?.role == .tool
      ? "It is warm." : "I look." + "\n" + ScriptedModel.calls(("weather", #"{"city": "Rome"}"#))
  }

  private static let call = ToolCall(id: "call00000", name: "weather", arguments: #"{"city": "Rome"}"#)
  private static let result = ToolResult(call: call, text: #"{"city":"Rome","degrees":18.5}"#)
  private static let entries: [Transcript.Entry] = [
    .prompt(text: "Warm?"), .toolCalls(text: "I look.", reasoning: "", results: [result]),
    .response(text: "It is warm.", finishReason: .stop),
  ]

  @Test func `A tool is called, and the model answers with its result`() async throws {
    let session = try await scripted.session(tools: [weather], Self.script)
    let answer = try await session.respond(to: "Warm?")
    #expect(answer.text == "It is warm." && answer.toolCalls == [Self.call] && answer.finishReason == .stop)
    #expect(answer.usage.completionTokens == answer.tokens.count)
    #expect(session.transcript.entries == Self.entries && !session.isResponding)
    // Ids go on where the conversation does.
    let next = try await session.respond(to: "And now?")
    #expect(next.toolCalls.map(\.id) == ["call00010"])
  }

  @Test func `Events tell text, calls and results in their order`() async throws {
    let session = try await scripted.session(tools: [weather], Self.script)
    var told: [String] = []
    for try await event in session.streamResponse(to: "Warm?") {
      let name: String
      switch event {
      case .progress: name = "progress"
      case .text: name = "text"
      case .toolCallBegins(0, "call00000", "weather"): name = "begins"
      case .toolCallArguments(0, _): name = "arguments"
      case .toolCall(Self.call): name = "call"
      case .toolResult(Self.result): name = "result"
      case .finished: name = "finished"
      default: name = "\(event)"
      }
      if told.last != name { told.append(name) }
    }
    #expect(
      told == ["progress", "text", "begins", "arguments", "call", "result", "progress", "text", "finished"])
  }

  @Test func `Calls of one turn run at the same time, and their results keep the order of the calls`() async throws {
    let gate = Gate()
    let tools: [any Tool] = [
      ToolFunction("slow", "Waits for the other.") {
        await gate.wait()
        return "slow"
      },
      ToolFunction("quick", "Lets the other go.") {
        gate.open()
        return "quick"
      },
    ]
    let session = try await scripted.session(tools: tools) { messages in
      messages.last?.role == .tool ? "Done." : ScriptedModel.calls(("slow", "{}"), ("quick", "{}"))
    }
    #expect(try await session.respond(to: "Go.").toolCalls.map(\.name) == ["slow", "quick"])
    guard case .toolCalls(_, _, let results) = session.transcript.entries[1] else { Issue.record("no calls"); return }
    #expect(results.map(\.text) == ["slow", "quick"] && results.map(\.call.id) == ["call00000", "call00001"])
  }

  @Test func `The model is told what went wrong, and goes on`() async throws {
    let failing = ToolFunction("failing", "Fails.") { () -> String in throw ToolTrouble(description: "no such bird") }
    let session = try await scripted.session(tools: [weather, failing]) { messages in
      messages.last?.role == .tool
        ? "Sorry." : ScriptedModel.calls(("failing", "{}"), ("weather", "{}"), ("weather", #"{"city": 5}"#))
    }
    let answer = try await session.respond(to: "Go.")
    #expect(answer.text == "Sorry.")
    guard case .toolCalls(_, _, let results) = session.transcript.entries[1] else { Issue.record("no calls"); return }
    #expect(
      results.map(\.text) == [
        "no such bird", "the arguments do not fit: 'city' is missing",
        "the arguments do not fit: 'city' must be a text",
      ])
    #expect(results.allSatisfy { $0.isError })
    let asked = try session.model.renderChat(session.transcript.messages)
    #expect(asked.contains("tool: error: no such bird"))
  }

  @Test func `A failure ends the response where that is wanted`() async throws {
    let waiting = ToolFunction("waiting", "Waits.") { () -> String in
      await Gate().wait()
      throw ToolTrouble(description: "cancelled")
    }
    let failing = ToolFunction("failing", "Fails.") { () -> String in throw ToolTrouble(description: "no such bird") }
    let session = try await scripted.session(
      tools: [waiting, failing], options: SessionOptions(toolFailures: .end)
    ) { _ in ScriptedModel.calls(("waiting", "{}"), ("failing", "{}")) }
    await #expect(throws: ApusError.toolFailed(name: "failing", reason: "no such bird")) {
      try await session.respond(to: "Go.")
    }
    #expect(session.transcript.entries.isEmpty && !session.isResponding)
  }

  @Test func `A model that never stops calling is stopped`() async throws {
    let tool = ToolFunction("again", "Again.") { "again" }
    let options = SessionOptions(maximumToolRounds: 3)
    let session = try await scripted.session(tools: [tool], options: options) { messages in
      messages.last?.content == "Hello." ? "Hi." : ScriptedModel.calls(("again", "{}"))
    }
    _ = try await session.respond(to: "Hello.")
    let before = session.transcript
    await #expect(throws: ApusError.tooManyToolRounds(limit: 3)) { try await session.respond(to: "Go.") }
    #expect(session.transcript == before && !session.isResponding)
    #expect(try await session.respond(to: "Hello.").text == "Hi.")
  }

  @Test(arguments: [false, true])
  func `A cancel ends the tools that run, and leaves no call without its result`(byTask: Bool) async throws {
    let (running, over) = (Gate(), Gate())
    let tool = ToolFunction("waiting", "Waits.") {
      running.open()
      await Gate().wait()
      over.open()
      return Task.isCancelled ? "cancelled" : "not cancelled"
    }
    let session = try await scripted.session(tools: [weather, tool]) { messages in
      messages.count == 1 ? Self.script(messages) : "Now I wait.\n" + ScriptedModel.calls(("waiting", "{}"))
    }
    let task = Task { try await session.respond(to: "Warm?") }
    await running.wait()
    if byTask { task.cancel() } else { session.cancel() }
    let answer = try await task.value
    await over.wait()
    #expect(answer.finishReason == .cancelled && answer.text == "Now I wait.")
    #expect(
      session.transcript.entries == [
        Self.entries[0], Self.entries[1], .response(text: "Now I wait.", finishReason: .cancelled),
      ])
    #expect(!session.isResponding)
  }

  @Test func `A stream that is left between turns keeps the calls that have their results`() async throws {
    let session = try await scripted.session(tools: [weather], Self.script)
    for try await event in session.streamResponse(to: "Warm?") { if case .toolResult = event { break } }
    #expect(
      session.transcript.entries == Self.entries.dropLast() + [.response(text: "", finishReason: .cancelled)])
    #expect(try await session.respond(to: "Warm?").text == "It is warm.")
  }

  @Test func `A conversation with calls is stored, restored and gone on with`() async throws {
    let session = try await scripted.session(tools: [weather], Self.script)
    _ = try await session.respond(to: "Warm?")
    let coded = try JSONEncoder().encode(session.transcript)
    #expect(try JSONDecoder().decode(Transcript.self, from: coded) == session.transcript)
    #expect(Transcript(coded: Array(coded)) == session.transcript)
    #expect(try JSONDecoder().decode(Transcript.self, from: Data(session.transcript.coded)) == session.transcript)

    let path = NSTemporaryDirectory() + "/tools-\(UInt64.random(in: .min ... .max)).apus"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try await session.save(to: path) > 32)
    let model = try await scripted.load()
    let restored = try await model.session(restoring: path, tools: [weather])
    #expect(restored.transcript.entries == Self.entries && restored.tools.map(\.name) == ["weather"])
    var options = GenerationOptions.greedy(8)
    options.toolChoice = .none
    let plain = try await model.session(transcript: session.transcript).respond(to: "Why?", options: options)
    #expect(
      try await session.model.session(transcript: session.transcript).respond(to: "Why?", options: options).tokens
        == plain.tokens)
    #expect(try await restored.respond(to: "Why?", options: .greedy(8)).usage.cachedTokens >= 32)
  }

  @Test(
    arguments: [
      #"{"text": "", "reasoning": "", "results": [{}]}"#, #"{"text": "", "reasoning": ""}"#,
      #"{"text": "", "results": []}"#,
    ])
  func `A damaged entry is none`(entry: String) {
    #expect(Transcript(coded: Array("{\"entries\": [{\"toolCalls\": \(entry)}]}".utf8)) == nil)
  }

  @Test func `Calls belong between a prompt and its response`() async throws {
    let model = try await scripted.load()
    let calls = Self.entries[1]
    let none = Transcript.Entry.toolCalls(text: "", reasoning: "", results: [])
    for entries in [[calls], [Self.entries[0], calls], [Self.entries[0], none, Self.entries[2]]] {
      let error = #expect(throws: ApusError.self) { try model.session(transcript: Transcript(entries: entries)) }
      guard case .invalidRequest(field: "transcript", _)? = error else { Issue.record("\(error as Any)"); continue }
    }
    _ = try model.session(transcript: Transcript(entries: Self.entries))
  }

  private func wild(_ choice: ToolChoice, _ seed: UInt64) -> GenerationOptions {
    var sampling = SamplingOptions()
    sampling.temperature = 1.5
    return GenerationOptions(maxTokens: 200, sampling: sampling, seed: seed, toolChoice: choice)
  }

  @Test func `A tool that must be called is called with arguments that fit, and then the model is free`() async throws {
    let model = try await scripted.load()
    let other = ToolFunction("other", "Another.") { "other" }
    for seed in 0..<6 as Range<UInt64> {
      let session = try model.session(tools: [weather, other])
      let choice: ToolChoice = seed.isMultiple(of: 2) ? .required : .function("other")
      let answer: Completion?
      do {
        answer = try await session.respond(to: "Warm?", options: wild(choice, seed))
      } catch {
        // Such a model may call again and again.
        guard case .tooManyToolRounds = error else { throw error }
        answer = nil
      }
      guard let answer else { continue }
      guard case .toolCalls("", _, let results)? = session.transcript.entries.dropFirst().first else {
        #expect(answer.finishReason == .length, "\(session.transcript)")
        continue
      }
      #expect(results.allSatisfy { !$0.isError } && !results.isEmpty)
      if choice != .required { #expect(results.allSatisfy { $0.call.name == "other" }) }
    }
  }

  @Test func `What cannot be called is refused before anything is computed`() async throws {
    let model = try await scripted.load()
    for (tools, choice) in [([], ToolChoice.required), ([weather], .function("news"))] as [([any Tool], ToolChoice)] {
      let session = try model.session(tools: tools)
      let error = await #expect(throws: ApusError.self) {
        try await session.respond(to: "Warm?", options: wild(choice, 0))
      }
      guard case .invalidRequest(field: "tool_choice", _)? = error else { Issue.record("\(error as Any)"); continue }
    }
    var options = GenerationOptions(constraint: .choices(["yes", "no"]))
    let session = try model.session(tools: [weather])
    let error = await #expect(throws: ApusError.self) { try await session.respond(to: "Warm?", options: options) }
    guard case .invalidRequest(field: "constraint", _)? = error else { Issue.record("\(error as Any)"); return }
    options.toolChoice = .none
    #expect(["yes", "no"].contains(try await session.respond(to: "Warm?", options: options).text))
    #expect(model.engine.metrics.steps > 0)
  }

  @Test func `A value follows the calls that it needs`() async throws {
    let session = try await scripted.session(tools: [weather]) { messages in
      messages.last?.role == .tool
        ? #"{"city":"Rome","degrees":18.5}"# : ScriptedModel.calls(("weather", #"{"city": "Rome"}"#))
    }
    let answer = try await session.respond(to: "Warm?", as: Report.self)
    #expect(answer.value == Report(city: "Rome", degrees: 18.5))
    #expect(answer.completion.toolCalls.map(\.name) == ["weather"])
    var last: PartialOutput<Report>?
    for try await part in try session.streamResponse(to: "Warm?", as: Report.self) { last = part }
    #expect(last?.isComplete == true && last?.value == answer.value)
  }

  @Test func `A value fits whatever the model writes, with tools that it may and must call`() async throws {
    struct Mood: Codable { let isWarm: Bool }
    let model = try await scripted.load()
    for (seed, choice) in [ToolChoice.auto, .auto, .auto, .required, .function("weather")].enumerated() {
      let session = try model.session(tools: [weather])
      do throws(ApusError) {
        let answer = try await session.respond(to: "Warm?", as: Mood.self, options: wild(choice, UInt64(seed)))
        #expect(answer.completion.text.hasPrefix("{"))
        if choice != .auto { #expect(answer.completion.toolCalls.first?.name == "weather") }
      } catch {
        switch error {
        case .outputCut, .tooManyToolRounds: break
        default: throw error
        }
      }
    }
  }
}
