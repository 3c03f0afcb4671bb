internal import Apus
internal import ApusModels
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Prompts that are saved by one model and go on with another one, as after the end of the program.
struct SavingTests {
  /// Each kind of memory.
  enum Memory: String, CaseIterable {
    case plain, q8, windowed, allWindowed, recurrent

    func model() throws -> TestModel {
      switch self {
      case .plain: try TestModel()
      case .q8: try TestModel { ($0.heads, $0.kvHeads, $0.hiddenSize) = (2, 1, 64) }
      case .windowed: try TestModel(WindowedModels.gemma3)
      case .allWindowed: try TestModel(WindowedModels.mistral)
      case .recurrent: try TestModel(SharedMemoryTests.recurrent)
      }
    }

    func load(_ model: TestModel, _ change: (inout LoadOptions) -> Void = { _ in }) async throws -> Model {
      try await model.load { options in
        if self == .q8 { options.kvFormat = .q8_0 }
        change(&options)
      }
    }
  }

  private let tiny: TestModel
  private let folder: TemporaryFolder
  private var path: String { folder.path("saved") }

  init() throws {
    tiny = try TestModel()
    folder = try TemporaryFolder()
  }

  private static func text(_ count: Int, seed: Int = 0) -> [Token] {
    (0..<count).map { Token(5 + ($0 * 37 + seed * 11) % 250) }
  }

  private static func complete(
    _ model: Model, _ prompt: [Token], adapters: [AdapterChoice] = [], reusesPrefix: Bool = true
  ) async throws -> Completion {
    var options = GenerationOptions.greedy(12)
    options.adapters = adapters
    options.reusesPrefix = reusesPrefix
    options.topLogProbabilities = 2
    return try await model.stream(tokens: prompt, options: options).completion()
  }

  @Test(arguments: Memory.allCases, [150, 64, 40, 31])
  func `What was saved goes on to the same bits, with less than a block computed again`(
    memory: Memory, count: Int
  ) async throws {
    let file = try memory.model()
    defer { withExtendedLifetime(file) {} }
    let first = try await memory.load(file)
    let said = Self.text(count)
    let answer = try await Self.complete(first, said)
    let text = said + answer.tokens.map(\.id).dropLast()
    let saved = try await first.savePrompt(text, to: path)
    #expect(saved == text.count / 32 * 32)

    let other = try await memory.load(file)
    let restored = try await other.restorePrompt(from: path)
    #expect(restored.tokens == text && restored.adapters.isEmpty && restored.restoredTokens == saved)
    let next = text + Self.text(7, seed: 3)
    let (found, expected) = (
      try await Self.complete(other, next), try await Self.complete(first, next, reusesPrefix: false)
    )
    #expect(found.tokens == expected.tokens)
    #expect(found.usage.cachedTokens == saved && found.usage.promptTokens - saved < 32 + 7)
    // What was restored is saved again as it was.
    let again = folder.path("again")
    try await other.savePrompt(text, to: again)
    #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test(arguments: Memory.allCases)
  func `A file that is cut anywhere, or of which any bit is changed, is refused or right`(memory: Memory) async throws {
    let file = try memory.model()
    defer { withExtendedLifetime(file) {} }
    let model = try await memory.load(file)
    let text = Self.text(75)
    let expected = try await Self.complete(model, text)
    try await model.savePrompt(text, to: path)
    let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    let other = try await memory.load(file)
    let whole = try parts(SavedStateFile(path: path))
    var generator = SeededGenerator(seed: 4)
    var found = 0
    for trial in 0..<400 {
      var damaged = bytes
      if trial % 4 == 0 {
        damaged.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      } else {
        // Most of the file is keys and values, and most of what can go wrong is before them.
        let end = trial % 4 == 1 ? bytes.count : min(bytes.count, 2500)
        damaged[Int.random(in: 0..<end, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      let path = try folder.write(damaged, to: "damaged")
      do {
        #expect(try parts(SavedStateFile(path: path)) == whole)
      } catch is ModelError {
        found += 1
      }
      do {
        let restored = try await other.restorePrompt(from: path)
        #expect(restored.tokens == text && restored.restoredTokens == 64)
      } catch ApusError.cannotRestore(_, let reason) {
        #expect(!reason.isEmpty)
      }
    }
    // All but what is nobody's.
    #expect(found > 300)
    #expect(try await Self.complete(other, text).tokens == expected.tokens)
  }

  /// All that a file has, in one.
  private func parts(_ file: SavedStateFile) throws -> [[UInt8]] {
    try SavedState.Kind.allCases.map { try file.bytes(of: $0, 0..<file.size(of: $0).count) }
      + [file.state.tokens.flatMap { "\($0) ".utf8 }]
  }

  @Test func `What is no saved prompt is refused with a reason`() async throws {
    let model = try await tiny.load()
    let others = try [
      folder.path("missing"), folder.write([], to: "empty"), folder.write(Array("GGUF".utf8), to: "short"),
      folder.makePipe("pipe"), tiny.path, folder.url.path,
    ]
    for path in others {
      await #expect(throws: ApusError.self) { try await model.restorePrompt(from: path) }
      await #expect(throws: ApusError.self) { try await model.session(restoring: path) }
      await #expect(throws: ApusError.self) { try await Transcript(savedAt: path) }
    }
  }

  @Test func `Another model, format or adapter is refused, and the reason says what to do`() async throws {
    let model = try Memory.q8.model()
    defer { withExtendedLifetime(model) {} }
    let first = try await model.load()
    let text = Self.text(70)
    _ = try await Self.complete(first, text)
    try await first.savePrompt(text, to: path)
    let others: [(Model, String)] = [
      (try await tiny.load(), "another model"),
      (try await model.load { $0.kvFormat = .q8_0 }, "a KV cache of f16"),
      (try await model.load { $0.kernels = "reference" }, "kernels"),
    ]
    for (other, reason) in others where other.information != first.information {
      let error = await #expect(throws: ApusError.self) { try await other.restorePrompt(from: path) }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
      #expect(other.engine.metrics.cachedBlocks == 0)
    }
  }

  @Test func `Texts with adapters are restored for these adapters`() async throws {
    let files = try AdaptedModel()
    defer { withExtendedLifetime(files) {} }
    let first = try await files.load()
    let (text, choice) = (Self.text(100), [AdapterChoice("two", scale: 0.5)])
    let expected = try await Self.complete(first, text, adapters: choice)
    try await first.savePrompt(text, adapters: choice, to: path)
    // Numbers and names of adapters may be others.
    let other = try await files.load {
      $0.adapters = [
        Adapter(name: "b", path: files.adapters[1].path), Adapter(name: "a", path: files.adapters[0].path),
      ]
    }
    let restored = try await other.restorePrompt(from: path)
    #expect(restored.restoredTokens == 96 && restored.adapters == [AdapterChoice("b", scale: 0.5)])
    let found = try await Self.complete(other, text, adapters: restored.adapters)
    #expect(found.tokens == expected.tokens && found.usage.cachedTokens == 96)
    #expect(try await Self.complete(other, text).usage.cachedTokens == 0)
    let without = try await files.tiny.load()
    let error = await #expect(throws: ApusError.self) { try await without.restorePrompt(from: path) }
    #expect(error?.description.contains("adapter 'two'") == true)
  }

  @Test func `Where there is no room less is restored, and nobody that runs loses anything`() async throws {
    let first = try await tiny.load()
    let text = Self.text(400)
    let expected = try await Self.complete(first, text)
    try await first.savePrompt(text, to: path)
    let small = try tiny.engine { ($0.blockCount, $0.maximumSequences) = (16, 2) }
    let running = try small.submit(GenerationRequest(prompt: Self.text(200, seed: 5), options: .greedy(100)))
    var events = running.makeAsyncIterator()
    var tokens: [Token] = []
    while tokens.isEmpty, let event = try await events.next() {
      if case .text(let delta) = event { tokens += delta.tokens.map(\.id) }
    }
    let file = try SavedStateFile(path: path)
    let restored = try StateRestorer(engine: small, file: file, root: BlockTree.Root()).run()
    #expect(restored < 400)
    while let event = try await events.next() {
      if case .text(let delta) = event { tokens += delta.tokens.map(\.id) }
    }
    var options = GenerationOptions.greedy(100)
    options.reusesPrefix = false
    let alone = try await first.stream(tokens: Self.text(200, seed: 5), options: options).completion()
    #expect(tokens == alone.tokens.map(\.id) && small.metrics.preemptions == 0)
    let found = try await small.submit(GenerationRequest(prompt: text, options: .greedy(12))).completion()
    #expect(found.tokens.map(\.id) == expected.tokens.map(\.id))
  }

  @Test(arguments: Memory.allCases)
  func `Saving and restoring while others come and go changes no token`(memory: Memory) async throws {
    let file = try memory.model()
    defer { withExtendedLifetime(file) {} }
    let alone = try await memory.load(file)
    let model = try await memory.load(file) { ($0.parallel, $0.prefillChunk, $0.queueLimit) = (4, 16, 64) }
    let prompts = (0..<6).map { Self.text(60 + 20 * $0, seed: $0) }
    var fresh: [[GeneratedToken]] = []
    for prompt in prompts { fresh.append(try await Self.complete(alone, prompt, reusesPrefix: false).tokens) }
    let (folder, expected) = (folder, fresh)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for round in 0..<4 {
        for (index, prompt) in prompts.enumerated() {
          group.addTask {
            let found = try await Self.complete(model, prompt)
            #expect(found.tokens == expected[index])
            let path = folder.path("\(round).\(index)")
            try await model.savePrompt(prompt, to: path)
            let restored = try await model.restorePrompt(from: path)
            #expect(restored.tokens == prompt)
          }
        }
      }
      try await group.waitForAll()
    }
    for (index, prompt) in prompts.enumerated() {
      #expect(try await Self.complete(model, prompt).tokens == expected[index])
    }
  }

  @Test func `A file that cannot be written is an error, and leaves nothing`() async throws {
    let model = try await tiny.load()
    _ = try await Self.complete(model, Self.text(70))
    let places = [folder.path("none/saved"), folder.url.path, "/proc/none", folder.url.path + "/a\0b"]
    for path in places {
      let error = await #expect(throws: ApusError.self) { try await model.savePrompt(Self.text(70), to: path) }
      if case .cannotSave? = error {} else { Issue.record("\(path): \(String(describing: error))") }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func `A task that is cancelled leaves no file`() async throws {
    let model = try await tiny.load()
    let (text, path) = (Self.text(300), path)
    _ = try await Self.complete(model, text)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await model.savePrompt(text, to: path)
    }
    task.cancel()
    await #expect(throws: ApusError.stopped) { try await task.value }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func `A model that keeps no texts says so`() async throws {
    let file = try TestModel { $0.pooling = .mean }
    defer { withExtendedLifetime(file) {} }
    let model = try await file.load()
    await #expect(throws: ApusError.self) { try await model.savePrompt([1, 2], to: path) }
    await #expect(throws: ApusError.self) { try await model.restorePrompt(from: path) }
  }
}
