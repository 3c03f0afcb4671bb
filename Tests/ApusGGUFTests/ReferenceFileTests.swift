internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite(.enabled(if: TestData.folder != nil || TestData.isRequired, "reference data is absent"))
struct ReferenceFileTests {
  private static let files = ["models", "tokenizers/vocab"].flatMap { TestData.files(in: $0, suffix: ".gguf") }

  @Test func `There is reference data`() {
    #expect(!Self.files.isEmpty)
  }

  @Test(arguments: files, FileReadMode.allCases)
  func `Every reference file opens and adds up`(url: URL, mode: FileReadMode) throws {
    let file = try GGUFFile.open(path: url.path, mode: mode)
    #expect(file.metadata.count > 0 && file.paths == [url.path])
    #expect(try file.metadata.string("general.architecture") != nil)
    let tokens = try file.metadata.requireStrings("tokenizer.ggml.tokens")
    #expect(tokens.count > 0)
    for key in ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"] where file.metadata.value(key) != nil {
      #expect(try file.metadata.array(key)?.count == tokens.count)
    }
    let alignment = try file.metadata.int("general.alignment") ?? 32
    let ordered = file.tensors.sorted { $0.offset < $1.offset }
    for tensor in ordered {
      #expect(tensor.offset.isMultiple(of: alignment) && tensor.elementCount == tensor.rows * tensor.columns)
    }
    // Writers place tensors without gaps, so that tensors and padding end where the file ends.
    if let last = ordered.last, let first = ordered.first {
      let padded = ordered.reduce(0) { $0 + ($1.byteCount + alignment - 1) / alignment * alignment }
      #expect(first.offset + padded >= file.byteCount && last.offset + last.byteCount <= file.byteCount)
    }
    #expect(file.readEverything() > 0)
  }

  @Test(arguments: files)
  func `A reference file survives being written again`(url: URL) throws {
    let file = try GGUFFile.open(path: url.path)
    var writer = GGUFWriter(alignment: try file.metadata.int("general.alignment") ?? 32)
    writer.copy(file.metadata)
    for tensor in file.tensors {
      try writer.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type)
    }
    let folder = try TemporaryFolder()
    let path = folder.path("copy.gguf")
    try writer.write(to: path) { index, emit in try emit(file.bytes(of: file.tensors[index])) }
    let copy = try GGUFFile.open(path: path)
    #expect(copy.tensors.map(\.name) == file.tensors.map(\.name))
    #expect(copy.tensors.map(\.dimensions) == file.tensors.map(\.dimensions))
    #expect(copy.metadata.keys == file.metadata.keys)
    #expect(copy.readEverything() == file.readEverything())
  }

  @Test func `Random edits of a small reference file open or fail with a short message`() throws {
    let size = { (url: URL) in (try? FileManager.default.attributesOfItem(atPath: url.path)[.size]) as? Int ?? .max }
    let url = try #require(Self.files.min { size($0) < size($1) })
    let original = [UInt8](try Data(contentsOf: url))
    let headerByteCount = try GGUFFile.open(path: url.path).tensors.map(\.offset).min() ?? original.count
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 20261123)
    var failures = 0
    for round in 0..<800 {
      var bytes = original
      Mutation.apply(to: &bytes, within: round % 4 == 0 ? bytes.count : headerByteCount, using: &generator)
      let path = try folder.write(bytes, to: "mutated.gguf")
      failures += Damage.outcome(path) == .refused ? 1 : 0
    }
    #expect(failures > 100)
  }
}
