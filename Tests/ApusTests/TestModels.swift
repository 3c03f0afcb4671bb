internal import Apus
internal import ApusCPU
internal import ApusModels
internal import ApusTestSupport
internal import Dispatch
internal import Foundation

/// The models of the reference data that the tests of the library run.
enum TestModels {
  /// What a file of `logits/` says of one model, as far as these tests need it.
  struct Reference: Decodable {
    struct Case: Decodable {
      var name: String
      var ids: [Token]
      var greedy_ids: [Token]
      var greedy_text: String?
    }
    var model: String
    var cases: [Case]
  }

  /// The model files, sorted.
  static let paths = TestData.files(in: "models", suffix: ".gguf").map(\.path)

  /// References whose model is among the files: real models, of which greedy text is known.
  static let references: [(path: String, cases: [Reference.Case])] = {
    TestData.files(in: "logits", suffix: ".json").compactMap { url in
      guard let data = try? Data(contentsOf: url),
        let reference = try? JSONDecoder().decode(Reference.self, from: data),
        let path = paths.first(where: { $0.hasSuffix("/" + reference.model) })
      else { return nil }
      return (path, reference.cases)
    }
  }()

  /// A model that writes real text.
  static let storyPath = references.first?.path

  /// Whether there are models; a missing folder is a failure where reference data is required.
  static var areAvailable: Bool { storyPath != nil || TestData.isRequired }

  /// The story model, set up so that results do not depend on batching.
  static func load(_ change: (inout LoadOptions) -> Void = { _ in }) async throws -> Model {
    var options = LoadOptions(threads: 1)
    change(&options)
    return try await Model.load(try requirePath(), options: options)
  }

  /// An engine on the story model with settings that `LoadOptions` does not have.
  static func engine(_ change: (inout EngineConfiguration) -> Void = { _ in }) throws -> Engine {
    let file = try ModelFile(path: try requirePath())
    let backend = try CPUBackend(CPUBackend.Options(threads: 1))
    let loaded = try file.load(backend: backend)
    var configuration = EngineConfiguration(contextLength: file.configuration.contextLength)
    change(&configuration)
    return try Engine(EngineModel(model: loaded.model), tokenizer: loaded.tokenizer, configuration: configuration)
  }

  struct Missing: Error {}

  static func requirePath() throws -> String {
    guard let storyPath else { throw Missing() }
    return storyPath
  }
}

extension GenerationOptions {
  /// So many tokens, the most likely each time, and no end before.
  static func greedy(_ count: Int) -> GenerationOptions {
    var options = GenerationOptions.greedy
    options.maxTokens = count
    options.ignoreEOS = true
    return options
  }
}

/// Holds an engine's thread in an exclusive job, so that a test knows what is queued.
final class HeldEngine: Sendable {
  private let gate = DispatchSemaphore(value: 0)
  private let job: Task<Void, any Error>

  /// Returns when the thread is held.
  init(_ engine: Engine) async {
    let gate = gate
    let (started, continuation) = AsyncStream<Void>.makeStream()
    job = Task {
      try await engine.withExclusiveModel { _, _ in
        continuation.finish()
        gate.wait()
      }
    }
    for await _ in started {}
  }

  /// Lets the thread go on.
  func letGo() async throws {
    gate.signal()
    try await job.value
  }
}
