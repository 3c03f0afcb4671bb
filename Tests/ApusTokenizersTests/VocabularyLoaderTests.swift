internal import ApusGGUF
internal import ApusModels
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite struct VocabularyLoaderTests {
  private static func writer() -> GGUFWriter {
    var writer = GGUFWriter()
    writer.set("general.architecture", "llama")
    writer.set("tokenizer.ggml.model", "llama")
    writer.set("tokenizer.ggml.tokens", strings: ["<unk>", "<s>", "</s>", "▁", "a", "▁a"])
    writer.set("tokenizer.ggml.scores", array: [0, 0, 0, -1, -2, -3] as [Float])
    writer.set("tokenizer.ggml.token_type", array: [2, 3, 3, 1, 1, 1] as [Int32])
    return writer
  }

  @Test func `a vocabulary is what the metadata says`() throws {
    var writer = Self.writer()
    writer.set("tokenizer.ggml.add_bos_token", false)
    writer.set("tokenizer.ggml.add_eos_token", true)
    writer.set("tokenizer.ggml.eos_token_id", 4 as UInt32)
    writer.set("tokenizer.ggml.padding_token_id", UInt32.max)
    let vocabulary = try load(writer)
    #expect(vocabulary.count == 6 && !vocabulary.addsBOS && vocabulary.addsEOS && vocabulary.addsSpacePrefix)
    #expect(vocabulary[.endOfSequence] == 4 && vocabulary[.padding] == nil && vocabulary[.unknown] == 0)
    #expect(vocabulary.endOfGeneration == [2, 4])
    #expect(try Tokenizer(vocabulary).encode("a", addSpecial: true, parseSpecial: false) == [5, 4])
  }

  @Test(arguments: ["tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"])
  func `a list of another element type is refused`(_ key: String) throws {
    var writer = Self.writer()
    writer.set(key, array: [1, 2, 3, 4, 5, 6] as [UInt8])
    #expect(throws: GGUFError.self) { try load(writer) }
  }

  @Test func `a file without tokens or with an id past the end is refused`() throws {
    var writer = GGUFWriter()
    writer.set("tokenizer.ggml.model", "llama")
    #expect(throws: GGUFError.self) { try load(writer) }
    writer = Self.writer()
    writer.set("tokenizer.ggml.bos_token_id", 6 as UInt32)
    #expect(throws: TokenizerError.idOutOfRange(of: "BOS", id: 6, tokenCount: 6)) { try load(writer) }
  }

  private func load(_ writer: GGUFWriter) throws -> Vocabulary {
    let path = FileManager.default.temporaryDirectory.path + "/vocabulary-\(UUID().uuidString).gguf"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writer.write(to: path) { _, _ in }
    return try Vocabulary(try GGUFFile.open(path: path).metadata)
  }
}
