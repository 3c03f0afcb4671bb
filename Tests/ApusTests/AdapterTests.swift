internal import Apus
internal import ApusTestSupport
internal import Testing

/// A tiny model with two adapters, `one` and `two`, in files that live as long as this.
struct AdaptedModel {
  let tiny: TestModel
  let folder: TemporaryFolder
  let adapters: [Adapter]

  init() throws {
    tiny = try TestModel()
    folder = try TemporaryFolder()
    var adapter = try TinyAdapter()
    for (seed, name) in [(UInt64(1), "one"), (2, "two")] {
      adapter.seed = seed
      try adapter.write(to: folder.path(name))
    }
    let folder = folder
    adapters = ["one", "two"].map { Adapter(name: $0, path: folder.path($0)) }
  }

  func load(_ change: (inout LoadOptions) -> Void = { _ in }) async throws -> Model {
    try await tiny.load { options in
      options.adapters = adapters
      change(&options)
    }
  }
}

private let prompt = (0..<70).map { Token(3 + $0 * 11 % 250) }

private func complete(
  _ model: Model, _ adapters: [AdapterChoice] = [], reusesPrefix: Bool = true
) async throws -> Completion {
  var options = GenerationOptions.greedy(12)
  options.adapters = adapters
  options.topLogProbabilities = 2
  options.reusesPrefix = reusesPrefix
  return try await model.stream(tokens: prompt, options: options).completion()
}

@Suite struct `A request with adapters` {
  private static let choices: [[AdapterChoice]] = [
    [], [AdapterChoice("one")], [AdapterChoice("two")], [AdapterChoice("one", scale: 0.5)],
    [AdapterChoice("one"), AdapterChoice("two", scale: -1)],
  ]

  @Test func `gives the same beside any others as alone`() async throws {
    let files = try AdaptedModel()
    let plain = try await complete(files.tiny.load())
    var alone: [[GeneratedToken]] = []
    for choice in Self.choices { alone.append(try await complete(files.load(), choice).tokens) }
    #expect(alone[0] == plain.tokens)
    #expect(Set(alone.map { $0.map(\.id) }).count > 2)
    let model = try await files.load { ($0.parallel, $0.prefillChunk, $0.threads) = (8, 16, 2) }
    let together = try await withThrowingTaskGroup(of: (Int, [GeneratedToken]).self) { group in
      for index in 0..<15 {
        group.addTask { (index % 5, try await complete(model, Self.choices[index % 5]).tokens) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (index, tokens) in together { #expect(tokens == alone[index], "choice \(index)") }
  }

  @Test func `finds only what was computed with the same adapters and factors`() async throws {
    let model = try await AdaptedModel().load()
    for choice in Self.choices {
      let first = try await complete(model, choice)
      #expect(first.usage.cachedTokens == 0, "\(choice)")
      let again = try await complete(model, choice)
      #expect(again.usage.cachedTokens == prompt.count - 1, "\(choice)")
      let fresh = try await complete(model, choice, reusesPrefix: false)
      #expect(again.tokens == first.tokens && fresh.tokens == first.tokens, "\(choice)")
    }
  }

  @Test func `with none of effect is as one without`() async throws {
    let model = try await AdaptedModel().load()
    let plain = try await complete(model)
    let without = try await complete(model, [AdapterChoice("two", scale: 0)])
    #expect(without.tokens == plain.tokens && without.usage.cachedTokens == prompt.count - 1)
    let both = try await complete(model, Self.choices[4])
    let reversed = try await complete(model, Self.choices[4].reversed())
    #expect(reversed.tokens == both.tokens && reversed.usage.cachedTokens == prompt.count - 1)
  }

  @Test(arguments: [
    ([AdapterChoice("three")], "no adapter 'three' here: choose among one, two"),
    ([AdapterChoice("one", scale: .nan)], "must be a number"),
    ([AdapterChoice("one"), AdapterChoice("one")], "chosen twice"),
  ])
  func `that cannot be is refused`(choice: [AdapterChoice], reason: String) async throws {
    let model = try await AdaptedModel().load()
    let error = await #expect(throws: ApusError.self) { _ = try await complete(model, choice) }
    guard case .invalidRequest("lora", let found)? = error else { Issue.record("\(String(describing: error))"); return }
    #expect(found.contains(reason))
  }

  @Test func `that overflows fails alone`() async throws {
    let model = try await AdaptedModel().load { $0.parallel = 4 }
    let plain = try await complete(model)
    let huge = Task { try await complete(model, [AdapterChoice("one", scale: .greatestFiniteMagnitude)]) }
    let beside = try await complete(model, reusesPrefix: false)
    #expect(beside.tokens == plain.tokens)
    await #expect(throws: ApusError.self) { _ = try await huge.value }
  }
}

@Suite struct `Loading adapters` {
  @Test func `tells their names`() async throws {
    #expect(try await AdaptedModel().load().information.adapters == ["one", "two"])
  }

  @Test func `refuses what is no adapter, with its path`() async throws {
    let files = try AdaptedModel()
    for path in [files.tiny.path, files.folder.path("nowhere")] {
      let error = await #expect(throws: ApusError.self) {
        _ = try await files.load { $0.adapters = [Adapter(name: "a", path: path)] }
      }
      guard case .cannotLoad(path, let reason)? = error else { Issue.record("\(path)"); continue }
      #expect(reason.contains(path))
    }
  }

  @Test(arguments: [["a", "a"], [""], [String(repeating: "a", count: 4097)]])
  func `refuses names that choose nothing`(names: [String]) async throws {
    let files = try AdaptedModel()
    let path = files.folder.path("one")
    let error = await #expect(throws: ApusError.self) {
      _ = try await files.load { $0.adapters = names.map { Adapter(name: $0, path: path) } }
    }
    guard case .invalidOption("adapters", _)? = error else { Issue.record("\(String(describing: error))"); return }
  }

  @Test func `refuses a model that makes embeddings`() async throws {
    let files = try AdaptedModel()
    let model = try TestModel { $0.pooling = .mean }
    let error = await #expect(throws: ApusError.self) { _ = try await model.load { $0.adapters = files.adapters } }
    guard case .invalidOption("adapters", _)? = error else { Issue.record("\(String(describing: error))"); return }
  }
}
