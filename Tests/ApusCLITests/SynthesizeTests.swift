internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `apus synthesize` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  private func synthesize(_ arguments: String...) throws -> Program.Result {
    try Program.run(["synthesize", "--shape", "smollm2-135m", "--layers", "1"] + arguments)
  }

  @Test func `writes a model that check finds good, and says so in one line`() throws {
    let result = try synthesize("--format", "Q4_k_M", path)
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.lines.count == 1 && result.text.contains("smollm2-135m, 1 layer, Q4_K_M"), "\(result.text)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["model.gguf"])
    #expect(try Program.run("check", path).code == 0)
  }

  @Test func `replaces a file only when told to`() throws {
    try folder.write([1, 2, 3], to: "model.gguf")
    let refused = try synthesize(path)
    #expect(refused.code == 64 && refused.errors.contains("--force"), "\(refused.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
    #expect(try synthesize("--force", path).code == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 1 << 20)
  }

  @Test func `replaces no folder`() throws {
    let result = try synthesize("--force", folder.url.path)
    #expect(result.code == 64 && result.errors.contains("another name"), "\(result.errors)")
  }

  @Test func `fails before it writes where no file can be`() throws {
    let result = try synthesize(folder.path("missing/model.gguf"))
    #expect(result.code == 1 && result.output.isEmpty && result.errors.hasPrefix("Error: "), "\(result.errors)")
  }

  @Test(arguments: [
    (["--shape", "llama9"], "llama2-7b"), (["--shape", "llama2-7b", "--format", "q4"], "q4_k_m"),
    (["--shape", "llama2-7b", "--layers", "0"], "--layers must be"),
    (["--shape", "llama2-7b", "--seed", "-1"], "seed"),
  ])
  func `refuses what there is not, and lists what there is`(arguments: [String], expected: String) throws {
    let result = try Program.run(["synthesize"] + arguments + [path])
    #expect(result.code == 64 && result.errors.contains(expected), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
