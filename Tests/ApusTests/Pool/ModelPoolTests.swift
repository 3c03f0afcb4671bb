internal import Apus
internal import ApusCPU
internal import ApusTestSupport
internal import Dispatch
internal import Foundation
internal import Testing

struct ModelPoolTests {
  /// Tiny models of the same size with different weights, and an account of their memory.
  private struct Models {
    let tiny: [String: TestModel]
    let account = MemoryAccount()
    let runtime: Runtime

    init(_ names: [String] = ["a", "b", "c"]) throws {
      var tiny: [String: TestModel] = [:]
      for (index, name) in names.enumerated() { tiny[name] = try TestModel { $0.seed = UInt64(index + 1) } }
      self.tiny = tiny
      runtime = Runtime(memory: account)
    }

    func source(_ name: String, _ change: (inout LoadOptions) -> Void = { _ in }) -> ModelPool.Source {
      var options = LoadOptions(threads: 1, parallel: 2, kvMemory: 1 << 20, runtime: runtime)
      change(&options)
      return ModelPool.Source(name: name, path: tiny[name]?.path ?? "/nowhere/\(name)", options: options)
    }

    var sources: [ModelPool.Source] { tiny.keys.sorted().map { source($0) } }

    /// Bytes that one of them takes.
    func size() async throws -> Int {
      let path = try #require(tiny["a"]).path
      return try await Model.load(path, options: source("a").options).information.memory
    }
  }

  /// Holds up all loads of an account until it is let go.
  private final class HeldLoads: Sendable {
    private let gate = DispatchSemaphore(value: 0)

    init(_ account: MemoryAccount) async {
      let gate = gate
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          _ = try? account.reserve(on: Machine.current()) { _, _ throws(ApusError) in
            continuation.resume()
            gate.wait()
            return ((), MemoryDemand())
          }
        }
      }
    }

    func letGo() { gate.signal() }
  }

  @Test func `A model is loaded when it is first asked for, and once however many ask`() async throws {
    let models = try Models()
    let pool = ModelPool(models.sources)
    #expect(pool.names == ["a", "b", "c"] && pool.loadedNames.isEmpty)
    let leases = try await withThrowingTaskGroup(of: ModelLease.self) { tasks in
      for _ in 0..<20 { tasks.addTask { try await pool.model("b") } }
      return try await tasks.reduce(into: []) { $0.append($1) }
    }
    #expect(leases.count == 20)
    #expect(leases.allSatisfy { $0.model === leases[0].model && $0.name == "b" })
    #expect(pool.loadedNames == ["b"])
    #expect(models.account.reservedByteCount == leases[0].model.information.memory)
  }

  @Test func `The model that was used least recently goes where another needs its memory`() async throws {
    let models = try Models()
    let pool = ModelPool(models.sources, memory: try await models.size() * 5 / 2)
    for name in ["a", "b", "a"] { _ = try await pool.model(name) }
    #expect(pool.loadedNames == ["a", "b"])
    let lease = try await pool.model("c")
    #expect(pool.loadedNames == ["a", "c"])
    #expect(models.account.reservedByteCount == 2 * lease.model.information.memory)
  }

  @Test func `A model in use stays, and what does not fit beside it says so`() async throws {
    let models = try Models()
    let pool = ModelPool(models.sources, memory: try await models.size() * 5 / 2)
    let (a, b) = (try await pool.model("a"), try await pool.model("b"))
    let error = await #expect(throws: ApusError.self) { _ = try await pool.model("c") }
    guard case .modelsInUse(let missing) = error else { Issue.record("\(String(describing: error))"); return }
    #expect(missing > 0 && missing <= a.model.information.memory)
    #expect(try await a.model.complete("Once", options: .greedy(3)).tokens.count == 3)
    withExtendedLifetime((a, b)) {}
  }

  @Test func `A model that never fits says how much is missing, and others stay`() async throws {
    let models = try Models()
    let pool = ModelPool(
      [models.source("a"), models.source("b") { $0.memory = 1000 }], memory: try await models.size() * 5 / 2)
    _ = try await pool.model("a")
    let error = await #expect(throws: ApusError.self) { _ = try await pool.model("b") }
    guard case .notEnoughMemory(let needed, 1000, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(needed > 1000)
  }

  @Test func `Fifty ask for three models where two fit: each gets its own model's answer or is told to wait`()
    async throws
  {
    let models = try Models()
    var expected: [String: [Token]] = [:]
    for (name, tiny) in models.tiny {
      expected[name] = try await tiny.load().complete("Once", options: .greedy(12)).ids
    }
    #expect(Set(expected.values).count == 3)
    let size = try await models.size()
    let pool = ModelPool(models.sources, memory: size * 5 / 2)
    let (account, texts) = (models.account, expected)
    let answered = await withTaskGroup(of: Bool.self) { tasks in
      for client in 0..<50 {
        tasks.addTask {
          let name = pool.names[client % 3]
          do {
            let lease = try await pool.model(name)
            #expect(account.reservedByteCount <= 2 * size)
            #expect(try await lease.model.complete("Once", options: .greedy(12)).ids == texts[name])
            return true
          } catch {
            guard case .modelsInUse? = error as? ApusError else { Issue.record("\(error)"); return false }
            return false
          }
        }
      }
      return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(answered > 0)
    for name in pool.names { #expect(try await pool.model(name).name == name) }
  }

  @Test func `A model that comes later is loaded as others are, and goes when nobody uses it any more`() async throws {
    let models = try Models(["a", "b"])
    let (unloaded, continuation) = AsyncStream.makeStream(of: String.self)
    let pool = ModelPool([models.source("a")]) { if case .unloaded(let name) = $0 { continuation.yield(name) } }
    #expect(pool.add(models.source("b")) && !pool.add(models.source("b")) && !pool.add(models.source("a")))
    #expect(pool.names == ["a", "b"])
    var lease: ModelLease? = try await pool.model("b")
    pool.remove("b")
    #expect(pool.names == ["a"])
    do {
      _ = try await pool.model("b")
      Issue.record("a removed model was given away")
    } catch {
      #expect(error == .unknownModel(name: "b", known: ["a"]))
    }
    // Who has it keeps it, and so long the name is not free.
    #expect(try await lease?.model.complete("Once", options: .greedy(4)).ids.isEmpty == false)
    #expect(!pool.add(models.source("b")))
    lease = nil
    #expect(await unloaded.first { _ in true } == "b")
    #expect(pool.add(models.source("b")))
    #expect(try await pool.model("b").name == "b")
  }

  @Test func `Two models at once answer as each does alone`() async throws {
    let models = try Models(["a", "b"])
    let pool = ModelPool(models.sources)
    var alone: [[Token]] = []
    for name in pool.names {
      alone.append(try await pool.model(name).model.complete("Once upon", options: .greedy(60)).ids)
    }
    for _ in 0..<3 {
      async let first = pool.model("a").model.complete("Once upon", options: .greedy(60)).ids
      async let second = pool.model("b").model.complete("Once upon", options: .greedy(60)).ids
      #expect(try await [first, second] == alone)
    }
  }

  @Test func `A load that fails fails those that asked, and the next ask tries again`() async throws {
    let models = try Models(["a"])
    let folder = try TemporaryFolder()
    let path = folder.path("late.gguf")
    let late = ModelPool.Source(name: "late", path: path, options: models.source("a").options)
    let pool = ModelPool([models.source("a"), late])
    let good = try await pool.model("a")
    let whole = try Data(contentsOf: URL(fileURLWithPath: try #require(models.tiny["a"]).path))
    for bytes in [nil, whole.prefix(1000), Data("no model".utf8)] {
      try bytes?.write(to: URL(fileURLWithPath: path))
      let error = await #expect(throws: ApusError.self) { _ = try await pool.model("late") }
      guard case .cannotLoad(path, let reason) = error else { Issue.record("\(String(describing: error))"); continue }
      #expect(reason.contains("late.gguf"))
      #expect(pool.loadedNames == ["a"])
    }
    try whole.write(to: URL(fileURLWithPath: path))
    let lease = try await pool.model("late")
    #expect(
      try await lease.model.complete("Once", options: .greedy(5)).tokens
        == good.model.complete("Once", options: .greedy(5)).tokens)
  }

  @Test func `A file that is gone harms nobody who has the model, and who asks later is told`() async throws {
    let models = try Models(["a"])
    let folder = try TemporaryFolder()
    let path = folder.path("gone.gguf")
    try FileManager.default.copyItem(atPath: try #require(models.tiny["a"]).path, toPath: path)
    let source = ModelPool.Source(name: "gone", path: path, options: models.source("a") { $0.mapsFile = false }.options)
    let pool = ModelPool([source], idleTime: .milliseconds(1))
    var lease: ModelLease? = try await pool.model("gone")
    try FileManager.default.removeItem(atPath: path)
    #expect(try await lease?.model.complete("Once", options: .greedy(3)).tokens.count == 3)
    lease = nil
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    let error = await #expect(throws: ApusError.self) { _ = try await pool.model("gone") }
    guard case .cannotLoad(path, _) = error else { Issue.record("\(String(describing: error))"); return }
  }

  @Test func `Who stops waiting is gone at once, and others get the model`() async throws {
    let models = try Models(["a", "b"])
    let pool = ModelPool(models.sources)
    let held = await HeldLoads(models.account)
    let (first, other) = (Task { try await pool.model("a") }, Task { try await pool.model("a") })
    let queued = Task { try await pool.model("b") }
    for task in [first, queued] {
      task.cancel()
      await #expect(throws: ApusError.stopped) { _ = try await task.value }
    }
    held.letGo()
    let lease = try await other.value
    #expect(pool.loadedNames.contains("a"))
    #expect(try await lease.model.complete("Once", options: .greedy(3)).tokens.count == 3)
    #expect(try await pool.model("b").name == "b")
  }

  @Test func `A model that nobody uses is unloaded after its time, and loaded again when it is asked for`() async throws
  {
    let models = try Models(["a", "b"])
    let pool = ModelPool(models.sources, idleTime: .milliseconds(5))
    let kept = try await pool.model("a")
    for _ in 0..<3 {
      _ = try await pool.model("b")
      while pool.loadedNames.contains("b") { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(pool.loadedNames == ["a"])
    withExtendedLifetime(kept) {}
  }

  @Test func `A model that is kept for a time of its own goes then, however long others stay`() async throws {
    let models = try Models(["a", "b"])
    let pool = ModelPool(models.sources, idleTime: .seconds(3600))
    var kept: ModelLease? = try await pool.model("a")
    try await pool.model("b").keepLoaded(for: nil)
    pool.keep("a", for: .zero)
    pool.keep("c", for: .zero)
    #expect(pool.loadedNames == ["a", "b"])
    #expect(pool.residents["a"]?.expiry == nil && kept != nil)
    kept = nil
    while pool.loadedNames.contains("a") { try await Task.sleep(for: .milliseconds(2)) }
    #expect(pool.loadedNames == ["b"])
    // Loaded again it is as all are.
    _ = try await pool.model("a")
    #expect(pool.residents["a"]?.idleTime == .seconds(3600))
    pool.keep("b", for: .zero)
    while pool.loadedNames.contains("b") { try await Task.sleep(for: .milliseconds(2)) }
    #expect(pool.loadedNames == ["a"])
  }

  @Test func `A pool that is closed tells all who wait`() async throws {
    let models = try Models(["a", "b"])
    let pool = ModelPool(models.sources)
    let held = await HeldLoads(models.account)
    let waiting = [Task { try await pool.model("a") }, Task { try await pool.model("b") }]
    for task in waiting {
      pool.close()
      await #expect(throws: ApusError.shuttingDown) { _ = try await task.value }
    }
    await #expect(throws: ApusError.shuttingDown) { _ = try await pool.model("a") }
    held.letGo()
  }

  @Test func `Names that the pool does not have are refused with those that it has`() async throws {
    let pool = ModelPool(try Models().sources)
    let error = await #expect(throws: ApusError.unknownModel(name: "x", known: ["a", "b", "c"])) {
      _ = try await pool.model("x")
    }
    #expect(error?.description.contains("a, b, c") == true)
  }

  @Test func `Models without a size of their own share what is free`() async throws {
    let models = try Models(["a", "b"])
    let size = try await models.size()
    let sources = ["a", "b"].map {
      models.source($0) {
        $0.kvMemory = nil; $0.parallel = 256
      }
    }
    let pool = ModelPool(sources, memory: size * 8)
    let (a, b) = (try await pool.model("a"), try await pool.model("b"))
    #expect(a.model.information.memory > size)
    #expect(a.model.information.memory + b.model.information.memory <= size * 8)
  }
}

extension Completion {
  /// The tokens as numbers.
  fileprivate var ids: [Token] { tokens.map(\.id) }
}
