internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

struct SessionTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  private func session(
    _ instructions: String? = "Be kind.", options: SessionOptions = SessionOptions(generation: .greedy(12)),
    _ change: (inout LoadOptions) -> Void = { _ in }
  ) async throws -> ChatSession {
    try await tiny.load(change).session(instructions: instructions, options: options)
  }

  @Test func `A session asks what the messages of its transcript ask`() async throws {
    let session = try await session()
    let first = try await session.respond(to: "Hello.")
    let second = try await session.respond(to: "Go on.")
    let messages: [ChatMessage] = [
      .system("Be kind."), .user("Hello."), .assistant(first.text), .user("Go on."),
    ]
    let whole = try await tiny.load().chat(messages, options: .greedy(12))
    #expect(second.tokens == whole.tokens && second.usage.promptTokens == whole.usage.promptTokens)
    #expect(
      session.transcript.entries == [
        .instructions(text: "Be kind."), .prompt(text: "Hello."), .response(text: first.text, finishReason: .length),
        .prompt(text: "Go on."), .response(text: second.text, finishReason: .length),
      ])
    #expect(second.usage.cachedTokens > 0 && !session.isResponding)
  }

  @Test func `A stored transcript goes on with the same tokens`() async throws {
    let session = try await session()
    _ = try await session.respond(to: "Hello.")
    let data = try JSONEncoder().encode(session.transcript)
    let transcript = try JSONDecoder().decode(Transcript.self, from: data)
    #expect(transcript == session.transcript)
    let restored = try await tiny.load().session(transcript: transcript, options: session.options)
    var options = GenerationOptions(maxTokens: 20, seed: 7, ignoreEOS: true, topLogProbabilities: 2)
    options.sampling = SamplingOptions()
    let (one, other) = (
      try await session.respond(to: "And?", options: options), try await restored.respond(to: "And?", options: options)
    )
    #expect(one.text == other.text && one.tokens == other.tokens)
    #expect(one.tokens.allSatisfy { $0.logProbabilities?.top.count == 2 })
    #expect(restored.transcript == session.transcript)
  }

  @Test func `The form of a stored transcript stays`() throws {
    let text = """
      {"entries": [{"instructions": {"text": "a"}}, {"prompt": {"text": "b"}},
                   {"response": {"text": "c", "finishReason": "stop"}}]}
      """
    let transcript = try JSONDecoder().decode(Transcript.self, from: Data(text.utf8))
    #expect(
      transcript.entries == [
        .instructions(text: "a"), .prompt(text: "b"), .response(text: "c", finishReason: .stop),
      ])
  }

  @Test(
    arguments: [
      [.prompt(text: "a")], [.response(text: "a", finishReason: .stop)],
      [.instructions(text: "a"), .instructions(text: "b")], [.prompt(text: "a"), .prompt(text: "b")],
    ] as [[Transcript.Entry]])
  func `A transcript out of order is refused`(entries: [Transcript.Entry]) async throws {
    let model = try await tiny.load()
    let error = #expect(throws: ApusError.self) { try model.session(transcript: Transcript(entries: entries)) }
    guard case .invalidRequest(field: "transcript", _)? = error else { Issue.record("\(error as Any)"); return }
  }

  @Test func `A model that cannot chat says so at once`() async throws {
    let (plain, pooling) = (try TestModel { $0.chatTemplate = nil }, try TestModel { $0.pooling = .mean })
    let (without, embedding) = (try await plain.load(), try await pooling.load())
    #expect(throws: ApusError.noChatTemplate) { try without.session() }
    let error = #expect(throws: ApusError.self) { try embedding.session() }
    guard case .unsuitableModel? = error else { Issue.record("\(error as Any)"); return }
  }

  @Test func `Only one prompt is answered at a time, and the other does no harm`() async throws {
    let session = try await session()
    var events = session.streamResponse(to: "Hello.").makeAsyncIterator()
    _ = try await events.next()
    #expect(session.isResponding)
    await #expect(throws: ApusError.alreadyResponding) { try await session.respond(to: "And?") }
    #expect(session.isResponding && session.transcript.entries.count == 1)
    while try await events.next() != nil {}
    #expect(!session.isResponding && session.transcript.entries.count == 3)
    #expect(try await session.respond(to: "And?").tokens.count == 12)
  }

  @Test func `A stream that is left keeps what was read, and the next prompt follows`() async throws {
    let session = try await session(options: SessionOptions(generation: .greedy(400))) { $0.unreadByteLimit = 200 }
    var text = ""
    for try await case .text(let delta) in session.streamResponse(to: "Hello.") {
      text += delta.text
      if !text.isEmpty { break }
    }
    #expect(
      session.transcript.entries.dropFirst() == [
        .prompt(text: "Hello."), .response(text: text, finishReason: .cancelled),
      ])
    #expect(try await session.respond(to: "And?", options: .greedy(3)).tokens.count == 3)
    await session.model.drain()
    #expect(session.model.engine.metrics.cancelledRequests == 1)
  }

  @Test func `A cancelled task gets what there is, and that stays`() async throws {
    let session = try await session(options: SessionOptions(generation: .greedy(400)))
    let held = try await HeldEngine(session.model.engine)
    let task = Task { try await session.respond(to: "Hello.") }
    while session.model.engine.health.queued == 0 { await Task.yield() }
    task.cancel()
    await held.letGo()
    let answer = try await task.value
    #expect(answer.finishReason == .cancelled && !session.isResponding)
    let said: [Transcript.Entry] =
      answer.text.isEmpty
      ? [] : [.prompt(text: "Hello."), .response(text: answer.text, finishReason: .cancelled)]
    #expect(Array(session.transcript.entries.dropFirst()) == said)
  }

  @Test func `Cancel ends the response, before its prompt is taken and after, and nothing else`() async throws {
    let session = try await session(options: SessionOptions(generation: .greedy(400)))
    session.cancel()
    for isSubmitted in [false, true] {
      let held = try await HeldEngine(session.model.engine)
      let task = Task { try await session.respond(to: "Hello.") }
      while isSubmitted ? session.model.engine.health.queued == 0 : !session.isResponding { await Task.yield() }
      session.cancel()
      await held.letGo()
      #expect(try await task.value.finishReason == .cancelled && !session.isResponding)
    }
    #expect(try await session.respond(to: "And?", options: .greedy(3)).tokens.count == 3)
  }

  @Test func `An error leaves the session as it was`() async throws {
    let session = try await session()
    let before = session.transcript
    var options = GenerationOptions.greedy(5)
    options.topLogProbabilities = 21
    for _ in 0..<2 {
      let error = await #expect(throws: ApusError.self) { try await session.respond(to: "Hello.", options: options) }
      guard case .invalidRequest? = error else { Issue.record("\(error as Any)"); return }
    }
    #expect(session.transcript == before && !session.isResponding)
    #expect(try await session.respond(to: "Hello.").tokens.count == 12)
  }

  @Test func `The end of the context is an error, or the end of the answer`() async throws {
    let endless = GenerationOptions.greedy(12)
    var toTheEnd = endless
    toTheEnd.maxTokens = nil
    let strict = try await session(options: SessionOptions(generation: toTheEnd)) { $0.contextLength = 64 }
    for options in [nil, .greedy(64)] as [GenerationOptions?] {
      let error = await #expect(throws: ApusError.self) { try await strict.respond(to: "Hello.", options: options) }
      guard case .contextLengthExceeded(limit: 64, let requested, let prompt)? = error else {
        Issue.record("\(error as Any)")
        continue
      }
      #expect(requested > 64 && prompt < 64 && strict.transcript.entries.count == 1)
    }
    #expect(try await strict.respond(to: "Hello.", options: endless).tokens.count == 12)

    let lenient = try await session(options: SessionOptions(generation: toTheEnd, overflow: .stop)) {
      $0.contextLength = 64
    }
    let answer = try await lenient.respond(to: "Hello.")
    #expect(answer.finishReason == .length && answer.usage.totalTokens == 64)
    #expect(lenient.transcript.entries.count == 3)
    let long = String(repeating: "And? ", count: 40)
    let error = await #expect(throws: ApusError.self) { try await lenient.respond(to: long) }
    guard case .contextLengthExceeded? = error else { Issue.record("\(error as Any)"); return }
    #expect(lenient.transcript.entries.count == 3)
  }

  @Test func `Prewarming computes the instructions, and changes no answer`() async throws {
    let instructions = String(repeating: "Once upon a time there was a kind dog. ", count: 5)
    let cold = try await session(instructions)
    let warm = try await session(instructions)
    try await warm.prewarm()
    let (one, other) = (try await cold.respond(to: "Hello."), try await warm.respond(to: "Hello."))
    #expect(one.tokens == other.tokens && one.usage.cachedTokens == 0)
    let known = warm.model.tokenize(instructions).count
    #expect(other.usage.cachedTokens >= known)
    #expect(warm.transcript == cold.transcript)
  }
}
