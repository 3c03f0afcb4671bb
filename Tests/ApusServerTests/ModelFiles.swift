internal import Apus
internal import ApusCPU
internal import ApusTestSupport

/// Files of tiny models with different weights, for one pool.
struct ModelFiles {
  let folder: TemporaryFolder
  let runtime = Runtime(memory: MemoryAccount())

  init(_ names: [String]) throws {
    folder = try TemporaryFolder()
    for (index, name) in names.enumerated() {
      var tiny = TinyModel()
      tiny.seed = UInt64(index + 1)
      try tiny.write(to: path(name))
    }
  }

  func path(_ name: String) -> String { folder.path(name + ".gguf") }

  func source(_ name: String) -> ModelPool.Source {
    let options = LoadOptions(
      threads: 1, contextLength: 256, parallel: 2, kvMemory: 1 << 20, queueLimit: 64, unreadByteLimit: 1 << 20,
      runtime: runtime)
    return ModelPool.Source(name: name, path: path(name), options: options)
  }

  /// Bytes that one of them takes.
  func size(_ name: String) async throws -> Int {
    try await Model.load(path(name), options: source(name).options).information.memory
  }
}
