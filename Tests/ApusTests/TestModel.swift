internal import Apus
internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Dispatch
internal import Synchronization

/// A tiny model in a file of its own, which lives as long as this.
struct TestModel {
  let path: String
  private let folder: TemporaryFolder

  /// With `damage`, the value at a byte of a tensor is no number.
  init(damage: (tensor: String, byte: Int)? = nil, _ change: (inout TinyModel) -> Void = { _ in }) throws {
    var model = TinyModel()
    model.contextLength = 512
    change(&model)
    folder = try TemporaryFolder()
    path = folder.path("tiny.gguf")
    let writer = try model.writer()
    try writer.write(to: path) { index, emit in
      var bytes = model.data(of: index)
      if let damage, writer.tensors[index].name == damage.tensor {
        bytes.replaceSubrange(damage.byte..<damage.byte + 4, with: Float.nan.littleEndianBytes)
      }
      try emit(bytes.span)
    }
  }

  /// A model of a shape, with random weights.
  init(_ shape: ModelShape) throws {
    folder = try TemporaryFolder()
    path = folder.path("shape.gguf")
    try SyntheticModel(shape, .f32, seed: 5).write(to: path)
  }

  func load(_ change: (inout LoadOptions) -> Void = { _ in }) async throws -> Model {
    // A test that holds one engine must not hold others.
    var options = LoadOptions(threads: 1, runtime: Runtime())
    change(&options)
    // Else the folder may go before the file is read, where nobody else has this value.
    defer { withExtendedLifetime(folder) {} }
    return try await Model.load(path, options: options)
  }

  /// An engine with settings that `LoadOptions` does not have, on so many threads of the CPU or another backend.
  func engine(
    on backend: (any Backend)? = nil, in runtime: Runtime = Runtime(), threads: Int = 1,
    options: LanguageModel.Options = LanguageModel.Options(), draft: DraftModel? = nil,
    _ change: (inout EngineConfiguration) -> Void = { _ in }
  ) throws -> Engine {
    let file = try ModelFile(path: path)
    let backend = try backend ?? CPUBackend(CPUBackend.Options(threads: threads))
    let loaded = try file.load(backend: backend, options: options)
    var configuration = EngineConfiguration(contextLength: file.configuration.contextLength)
    change(&configuration)
    return try Engine(
      EngineModel(model: loaded.model, draft: draft), tokenizer: loaded.tokenizer, configuration: configuration,
      on: runtime)
  }
}

extension TestModel {
  /// This model as another's draft, with so many KV blocks.
  func draft(blocks: Int = 64, vocabularySize: Int? = nil, contextLength: Int = 512) throws -> DraftModel {
    let loaded = try ModelFile(path: path).load(backend: try CPUBackend(CPUBackend.Options(threads: 1)))
    return DraftModel(
      model: loaded.model, vocabularySize: vocabularySize ?? loaded.vocabulary.count, contextLength: contextLength,
      blocks: blocks)
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

/// Holds the thread that computes for an engine, so that a test knows what is queued.
///
/// Another engine in the same runtime asks for the time there, and gets no answer.
final class HeldEngine: Sendable {
  private let clock: StoppableClock
  private let tiny: TestModel
  private let holder: Engine

  /// Returns when the thread is held.
  init(_ engine: Engine) async throws {
    let clock = StoppableClock()
    self.clock = clock
    tiny = try TestModel()
    holder = try tiny.engine(in: engine.runtime) { $0.now = { clock.now() } }
    let stopped = clock.stop()
    // So that the thread looks after it.
    holder.cancelAll()
    for await _ in stopped {}
  }

  /// Lets the thread go on.
  func letGo() async { clock.goOn() }
}

/// A clock that keeps one caller waiting while it is stopped.
private final class StoppableClock: Sendable {
  private let gate = DispatchSemaphore(value: 0)
  private let stopped = Mutex<AsyncStream<Void>.Continuation?>(nil)

  func now() -> ContinuousClock.Instant {
    let caller = stopped.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }
    if let caller {
      caller.finish()
      gate.wait()
    }
    return .now
  }

  /// Stops; the stream ends when a caller waits.
  func stop() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    stopped.withLock { $0 = continuation }
    return stream
  }

  func goOn() { gate.signal() }
}

/// A time that moves by a millisecond with every look at it.
final class CountingClock: Sendable {
  private let count = Atomic<Int>(0)
  private let start = ContinuousClock.now

  func now() -> ContinuousClock.Instant {
    start.advanced(by: .milliseconds(count.add(1, ordering: .relaxed).newValue))
  }
}
