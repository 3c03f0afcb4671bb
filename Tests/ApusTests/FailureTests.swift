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
      let held = await HeldEngine(setup.engine)
      let streams = try [first, second].map { try setup.submit($0) }
      try await held.letGo()
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
    let held = await HeldEngine(setup.engine)
    let streams = try [Self.prompt[..<7], Self.prompt[20..<28]].map { try setup.submit(Array($0)) }
    try await held.letGo()
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
    let setup = try Setup(damagedToken: 30)
    let held = await HeldEngine(setup.engine)
    let streams = try [[5, 30, 6], [5, 31, 6]].map { try setup.submit($0) }
    try await held.letGo()
    do {
      _ = try await streams[0].completion()
      Issue.record("it had to fail")
    } catch let error as ApusError {
      guard case .modelDamaged(_, let reason) = error else { throw error }
      #expect(reason.contains("row 30"))
    }
    #expect(try await streams[1].completion().tokens.count > 0)
  }
}

/// An engine on a tiny model, whose backend fails when it is told to.
private struct Setup {
  let backend: FailingBackend
  let engine: Engine
  private let folder: TemporaryFolder

  init(damagedToken: Int? = nil) throws {
    folder = try TemporaryFolder()
    let path = folder.path("tiny.gguf")
    let model = TinyModel()
    try model.writer().write(to: path) { index, emit in
      var bytes = model.data(of: index)
      // The embedding comes first.
      if index == 0, let damagedToken {
        bytes.replaceSubrange(damagedToken * 256..<damagedToken * 256 + 4, with: Float.nan.littleEndianBytes)
      }
      try emit(bytes.span)
    }
    backend = FailingBackend(ReferenceBackend())
    let file = try ModelFile(path: path)
    var options = LanguageModel.Options()
    options.maxBatchRows = 16
    let loaded = try file.load(backend: backend, options: options)
    var configuration = EngineConfiguration(contextLength: file.configuration.contextLength)
    configuration.maximumSequences = 2
    engine = try Engine(EngineModel(model: loaded.model), tokenizer: loaded.tokenizer, configuration: configuration)
  }

  func submit(_ prompt: [Token]) throws -> GenerationStream {
    // Tokens that a prompt sees for the first time are chosen as any other: which does not matter.
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
