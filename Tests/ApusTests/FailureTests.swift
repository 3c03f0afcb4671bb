internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// What fails in a step ends the requests that it belongs to, each with its own error, and nobody else's.
struct FailureTests {
  private static let noMemory = BackendError.outOfMemory(what: "attention", byteCount: 9)
  /// Four chunks of 16 rows.
  private static let prompt = (0..<60).map { Token(3 + $0 % 250) }

  @Test func `A prompt's chunk that failed leaves nothing for the next prompt like it`() async throws {
    for failing in 0..<4 {
      let setup = try Setup()
      setup.backend.failures = (0..<failing).map { _ in nil } + [Self.noMemory]
      await setup.expectFailure(Self.prompt, reason: Self.noMemory.description)
      let again = try await setup.complete(Self.prompt)
      #expect(again.usage.cachedTokens == 0, "chunk \(failing)")
      #expect(again.tokens.map(\.id) == (try await Setup().complete(Self.prompt)).tokens.map(\.id))
    }
  }

  @Test func `A row that failed in a chunk without logits leaves nothing for the next prompt like it`() async throws {
    let setup = try Setup()
    setup.backend.rowFailures = [[], [RowFailure(row: 3, error: Self.noMemory)]]
    await setup.expectFailure(Self.prompt, reason: Self.noMemory.description)
    // Two of four chunks were begun, and no more.
    #expect(setup.backend.steps == 2)
    let again = try await setup.complete(Self.prompt)
    #expect(again.usage.cachedTokens == 0)
    #expect(again.tokens.map(\.id) == (try await Setup().complete(Self.prompt)).tokens.map(\.id))
  }

  @Test func `A row's failure ends its request only`() async throws {
    let (first, second) = (Array(Self.prompt[..<7]), Array(Self.prompt[20..<28]))
    let alone = try await Setup().complete(second)
    for row in [0, 6] {
      let setup = try Setup()
      // Both prompts are in the first step.
      setup.backend.rowFailures = [[RowFailure(row: row, error: Self.noMemory)]]
      let held = try await HeldEngine(setup.engine)
      let streams = try [first, second].map { try setup.submit($0) }
      await held.letGo()
      await #expect(throws: ApusError.engineFailed(reason: Self.noMemory.description)) {
        _ = try await streams[0].completion()
      }
      #expect(try await streams[1].completion().tokens.map(\.id) == alone.tokens.map(\.id))
      #expect(setup.engine.metrics.failedRequests == 1)
      #expect(setup.engine.metrics.completedRequests == 1)
    }
  }

  @Test func `Requests that fail in one step have each their own reason`() async throws {
    let other = BackendError.nonFiniteResult(what: "logits")
    let setup = try Setup()
    setup.backend.rowFailures = [[RowFailure(row: 8, error: other), RowFailure(row: 2, error: Self.noMemory)]]
    let held = try await HeldEngine(setup.engine)
    let streams = try [Self.prompt[..<7], Self.prompt[20..<28]].map { try setup.submit(Array($0)) }
    await held.letGo()
    for (stream, error) in zip(streams, [Self.noMemory, other]) {
      await #expect(throws: ApusError.engineFailed(reason: error.description)) { _ = try await stream.completion() }
    }
  }

  @Test func `A step that fails in decode ends those who took part, and the engine goes on`() async throws {
    let setup = try Setup()
    // One step for the prompt, two for tokens.
    setup.backend.failures = [nil, nil, Self.noMemory]
    await setup.expectFailure(Array(Self.prompt[..<9]), reason: Self.noMemory.description)
    #expect(try await setup.complete(Array(Self.prompt[..<9])).usage.cachedTokens == 0)
  }

  @Test func `A damaged row of the embedding fails the request that has its token`() async throws {
    // Tokens 3 and above stand for bytes; 30 is in the first prompt only.
    let setup = try Setup(damage: ("token_embd.weight", 30 * 256))
    let held = try await HeldEngine(setup.engine)
    let streams = try [[5, 30, 6], [5, 31, 6]].map { try setup.submit($0) }
    await held.letGo()
    let error = await #expect(throws: ApusError.self) { _ = try await streams[0].completion() }
    guard case .modelDamaged(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("row 30"))
    #expect(try await streams[1].completion().tokens.count > 0)
  }

  @Test(arguments: [0, 1])
  func `A damaged expert fails the requests whose tokens are sent to it`(layer: Int) async throws {
    let prompts = (3..<13).map { first in (first..<first + 3).map { Token($0 * 7) } }
    // The first value of expert 0.
    let name = "blk.\(layer).ffn_up_exps.weight"
    let sound = try Setup { $0.experts = 4 }
    let damaged = try Setup(damage: (name, 0)) { $0.experts = 4 }
    var alone: [Int?] = []
    for prompt in prompts { alone.append(try? await damaged.complete(prompt).tokens.count) }
    let bad = try #require(alone.firstIndex(of: nil)), good = try #require(alone.firstIndex { $0 != nil })
    let held = try await HeldEngine(damaged.engine)
    let streams = try [prompts[bad], prompts[good]].map { try damaged.submit($0) }
    await held.letGo()
    let error = await #expect(throws: ApusError.self) { _ = try await streams[0].completion() }
    guard case .modelDamaged(_, let reason) = error else { Issue.record("\(String(describing: error))"); return }
    #expect(reason.contains(name))
    let expected = try await sound.complete(prompts[good]).tokens.map(\.id)
    #expect(try await streams[1].completion().tokens.map(\.id) == expected)
  }
}

/// An engine on a tiny model, whose backend fails when it is told to.
private struct Setup {
  let backend = FailingBackend(ReferenceBackend())
  let engine: Engine
  private let tiny: TestModel

  /// With `damage`, the value at a byte of a tensor is no number.
  init(damage: (tensor: String, byte: Int)? = nil, _ change: (inout TinyModel) -> Void = { _ in }) throws {
    tiny = try TestModel(damage: damage, change)
    var options = LanguageModel.Options()
    options.maxBatchRows = 16
    engine = try tiny.engine(on: backend, options: options) { $0.maximumSequences = 2 }
  }

  func submit(_ prompt: [Token]) throws -> GenerationStream {
    try engine.submit(GenerationRequest(prompt: prompt, options: .greedy(4)))
  }

  func complete(_ prompt: [Token]) async throws -> Completion { try await submit(prompt).completion() }

  func expectFailure(
    _ prompt: [Token], reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await #expect(throws: ApusError.engineFailed(reason: reason), sourceLocation: sourceLocation) {
      _ = try await complete(prompt)
    }
  }
}
