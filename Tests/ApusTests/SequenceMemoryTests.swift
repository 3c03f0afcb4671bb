internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// How many sequences run together, and the memory that they have.
struct SequenceMemoryTests {
  private let tiny: TestModel
  /// Bytes of one whole context.
  private let context: Int

  init() throws {
    tiny = try TestModel()
    let file = try ModelFile(path: tiny.path)
    let footprint = file.footprint(ModelFootprint.Use(context: file.configuration.contextLength))
    context = try #require(footprint).kvCache
  }

  @Test func `Without being told, sixteen run, with a whole context for each`() async throws {
    let information = try await tiny.load().information
    #expect(information.parallel == 16)
    #expect(information.kvMemory == 16 * context)
  }

  @Test(arguments: [1, 3, 40])
  func `So many as were asked for run together`(_ parallel: Int) async throws {
    let model = try await tiny.load { $0.parallel = parallel }
    #expect(model.information.parallel == parallel)
    #expect(model.information.kvMemory == parallel * context)
    #expect(model.engine.configuration.blockCount == parallel * 512 / KVCacheLayout.blockPositions)
  }

  @Test func `All that run share the memory that was asked for`() async throws {
    let block = context / (512 / KVCacheLayout.blockPositions)
    for bytes in [context, 2 * context + 3 * block, 20 * context] {
      let information = try await tiny.load { $0.kvMemory = bytes }.information
      #expect(information.parallel == 16)
      #expect(information.kvMemory == bytes)
    }
    let odd = try await tiny.load { $0.kvMemory = context + block + 1 }.information
    #expect(odd.kvMemory == context + block)
  }

  @Test func `Memory without room for a context is refused, with what would do`() async throws {
    let reason = await refusal(of: "kvMemory") { $0.kvMemory = context - 1 }
    #expect(reason.contains("\(context) bytes") && reason.contains("at most 480 tokens"), "\(reason)")
    let none = await refusal(of: "kvMemory") { $0.kvMemory = 1 }
    #expect(none.contains("\(context) bytes") && !none.contains("at most"), "\(none)")
    let shorter = try await tiny.load {
      $0.kvMemory = context - 1
      $0.contextLength = 480
    }
    #expect(shorter.information.kvMemory < context)
  }

  @Test func `Memory that the machine does not have is refused`() async {
    #expect(await refusal(of: "kvMemory") { $0.kvMemory = .max }.contains("are free"))
    #expect(await refusal(of: "kvMemory") { $0.kvMemory = 0 }.contains("from 1"))
    for parallel in [0, -1, 257, Int.max] {
      #expect(await refusal(of: "parallel") { $0.parallel = parallel }.contains("from 1 to 256"))
    }
  }

  private func refusal(of name: String, _ change: (inout LoadOptions) -> Void) async -> String {
    let error = await #expect(throws: ApusError.self) { _ = try await tiny.load(change) }
    guard case .invalidOption(name, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return ""
    }
    return reason
  }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `States of recurrent layers count: for each sequence, for each KV block, and some for guesses`() async throws {
    let name = "architectures/lfm2"
    let path = try #require(TestData.files(in: name, suffix: ".gguf").first).path
    let file = try ModelFile(path: path)
    try #require(!file.configuration.states.isEmpty)
    var use = ModelFootprint.Use(context: file.configuration.contextLength)
    (use.slots, use.isInEngine) = (3, true)
    let blocks = 3 * KVCacheLayout.blocks(forPositions: use.context)
    func byteCount(stateSlots slots: Int) -> Int? {
      file.configuration.kvCacheLayout(format: .f16, positions: use.context, slots: 3, stateSlots: slots)?.byteCount
    }
    let snapshots = try #require(byteCount(stateSlots: 3 + blocks))
    #expect(file.footprint(use)?.kvCache == snapshots)
    let expected = try #require(byteCount(stateSlots: 3 + blocks + PromptLookup.mostTokens))
    let options = LoadOptions(threads: 1, contextLength: use.context, parallel: 3)
    let model = try await Model.load(path, options: options)
    #expect(model.information.kvMemory == expected)
    #expect(model.engine.cacheLayout.stateSlots == 3 + blocks + PromptLookup.mostTokens)
  }
}
