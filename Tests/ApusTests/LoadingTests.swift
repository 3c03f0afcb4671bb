internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

struct LoadingTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  @Test func `A model tells what it is`() async throws {
    for path in [tiny.path] + ReferenceModels.paths {
      let information = try await Model.load(path, options: LoadOptions(threads: 1)).information
      #expect(!information.name.isEmpty && !information.architecture.isEmpty)
      #expect(information.parameters > 0 && information.vocabularySize > 0)
      #expect(information.contextLength <= information.trainedContextLength)
      let tensorBytes = information.formats.reduce(0) { $0 + $1.bytes }
      #expect(tensorBytes > 0 && tensorBytes < information.fileBytes)
      #expect(information.threads == 1 && !information.kernels.isEmpty)
    }
  }

  @Test func `Progress ends with all bytes`() async throws {
    let (updates, continuation) = AsyncStream<LoadingProgress>.makeStream()
    _ = try await Model.load(tiny.path) { continuation.yield($0) }
    continuation.finish()
    var last: LoadingProgress?
    for await update in updates {
      #expect(update.loadedBytes > last?.loadedBytes ?? 0)
      last = update
    }
    #expect(last?.loadedBytes == last?.totalBytes)
  }

  @Test func `A file that is not there or no model is named in the error`() async throws {
    let text = FileManager.default.temporaryDirectory.appendingPathComponent("no-model-\(UUID()).gguf").path
    try Data("GGUF but no more".utf8).write(to: URL(fileURLWithPath: text))
    defer { try? FileManager.default.removeItem(atPath: text) }
    for path in ["/nowhere/at/all.gguf", text, FileManager.default.temporaryDirectory.path] {
      let error = await #expect(throws: ApusError.self) { _ = try await Model.load(path) }
      guard case .cannotLoad(path, let reason) = error else { Issue.record("\(path)"); continue }
      #expect(reason.contains(path))
    }
  }

  @Test func `Options out of range are refused by name`() async throws {
    let path = tiny.path
    let cases: [(String, LoadOptions)] = [
      ("threads", LoadOptions(threads: 0)), ("threads", LoadOptions(threads: .max)),
      ("contextLength", LoadOptions(contextLength: 0)), ("contextLength", LoadOptions(contextLength: -5)),
      ("contextLength", LoadOptions(contextLength: 1_000_000)),
      ("kernels", LoadOptions(kernels: "mmx")), ("queueLimit", LoadOptions(queueLimit: -1)),
      ("prefillChunk", LoadOptions(prefillChunk: 0)),
    ]
    for (name, options) in cases {
      let error = await #expect(throws: ApusError.self) { _ = try await Model.load(path, options: options) }
      guard case .invalidOption(name, _) = error else {
        Issue.record("\(name): \(String(describing: error))"); continue
      }
    }
  }

  @Test func `An int8 KV cache works with heads of whole 32 values, and is refused by name with others`() async throws {
    let wide = try TestModel { $0.hiddenSize = 128 }
    for path in [tiny.path, wide.path] + ReferenceModels.paths {
      do throws(ApusError) {
        let model = try await Model.load(path, options: LoadOptions(threads: 1, kvFormat: .q8_0))
        let stream = try model.stream(tokens: [1, 5, 6], options: .greedy(4))
        #expect(try await stream.completion().usage.completionTokens == 4)
        #expect(path != tiny.path)
      } catch {
        #expect(path != wide.path)
        guard case .invalidOption("kvFormat", _) = error else { Issue.record("\(path): \(error)"); continue }
      }
    }
  }

  @Test func `A context that does not fit into memory is refused with the largest that does`() async throws {
    let path = tiny.path
    // It takes all that is free, which other tests' models must not feel.
    let runtime = Runtime(memory: MemoryAccount())
    let options = LoadOptions(contextLength: Int(Int32.max), runtime: runtime)
    let error = await #expect(throws: ApusError.self) { _ = try await Model.load(path, options: options) }
    guard case .notEnoughMemory(let needed, let available, let largest?) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(needed > available && largest > 1)
    let fitting = try await Model.load(path, options: LoadOptions(contextLength: largest, runtime: runtime))
    #expect(fitting.information.contextLength == largest)
  }

  @Test func `A model whose file was changed takes no more requests, unless it was read`() async throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("changed-\(UUID()).gguf").path
    try Data(contentsOf: URL(fileURLWithPath: tiny.path)).write(to: URL(fileURLWithPath: copy))
    defer { try? FileManager.default.removeItem(atPath: copy) }
    let model = try await Model.load(copy, options: LoadOptions(threads: 1))
    let ownCopy = try await Model.load(copy, options: LoadOptions(threads: 1, mapsFile: false))
    let text = try await model.complete("Once", options: .greedy(3)).text
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: copy))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    #expect(throws: ApusError.modelChanged(path: copy)) { _ = try model.stream(prompt: "Once") }
    #expect(try await ownCopy.complete("Once", options: .greedy(3)).text == text)
  }

  @Test func `Weights that are not finite end the request with an error, and the engine lives on`() async throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("nan-\(UUID()).gguf").path
    var bytes = try Data(contentsOf: URL(fileURLWithPath: tiny.path))
    bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xC0, 0x7F])
    try bytes.write(to: URL(fileURLWithPath: copy))
    defer { try? FileManager.default.removeItem(atPath: copy) }
    let model = try await Model.load(copy, options: LoadOptions(threads: 1))
    for _ in 0..<2 {
      let error = await #expect(throws: ApusError.self) { _ = try await model.complete("Once", options: .greedy(3)) }
      guard case .modelDamaged(copy, let reason) = error else { Issue.record("\(String(describing: error))"); continue }
      #expect(reason.contains("NaN"))
    }
    #expect(model.engine.metrics.failedRequests == 2)
    #expect(model.engine.health.running == 0)
  }
}
