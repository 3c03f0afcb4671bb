internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

/// One line of a file of cases.
private struct Case: Decodable {
  var text: String
  var ids: [Token]
  /// What decoding gives where that is not the text.
  var decoded: String?
}

/// A file of embedding models and what they were given.
private struct EmbeddingModels: Decodable {
  struct Model: Decodable {
    var file: String
    var cases: [Item]
  }

  struct Item: Decodable {
    var text: String?
    var text_pair: String?
    var ids: [Token]
  }

  var models: [Model]
}

@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct ReferenceTests {
  private static let cases = TestData.files(in: "tokenizers/cases", suffix: ".jsonl")
  private static let inputs = TestData.files(in: "tokenizers/vocab", suffix: ".inp")

  @Test func `the reference data is there`() {
    #expect(!ReferenceVocabularies.files.isEmpty && !Self.cases.isEmpty && !Self.inputs.isEmpty)
  }

  @Test(arguments: cases)
  func `encoding and decoding give what the references give`(_ file: URL) throws {
    let name = file.lastPathComponent
    let vocabulary = try #require(ReferenceVocabularies.file(forCases: name), "no vocabulary for \(name)")
    let tokenizer = try ReferenceVocabularies.tokenizer(vocabulary)
    let parseSpecial = name.contains("parse_special")
    var failures: [String] = []
    for line in try Data(contentsOf: file).split(separator: 0x0A) {
      let item = try JSONDecoder().decode(Case.self, from: line)
      let ids = tokenizer.encode(item.text, addSpecial: false, parseSpecial: parseSpecial)
      if ids != item.ids { failures.append("\(item.text.debugDescription): \(ids), expected \(item.ids)") }
      // Text after special tokens gains a space in SentencePiece, so that there only plain text comes back.
      if parseSpecial && tokenizer.vocabulary.addsSpacePrefix { continue }
      let expected = item.decoded ?? item.text
      let bytes = tokenizer.decode(item.ids, renderSpecial: parseSpecial)
      if !bytes.elementsEqual(expected.utf8) {
        failures.append("\(item.ids): \(String(decoding: bytes, as: UTF8.self).debugDescription), expected \(expected)")
      }
    }
    #expect(
      failures.isEmpty, "\(failures.count) differences, the first:\n\(failures.prefix(5).joined(separator: "\n"))")
  }

  /// The texts are separated by a line of their own; a text's last line has no line break.
  @Test(arguments: inputs)
  func `each text of an inp file gives its line of the out file`(_ file: URL) throws {
    let stem = file.deletingPathExtension()
    let tokenizer = try ReferenceVocabularies.tokenizer(stem)
    let texts = separated(Array(try Data(contentsOf: file)), by: Array("\n__ggml_vocab_test__\n".utf8))
    let lines = String(decoding: try Data(contentsOf: stem.appendingPathExtension("out")), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    try #require(texts.count == lines.count)
    for (text, line) in zip(texts, lines) {
      let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      #expect(ids == line.split(separator: " ").compactMap { Token($0) }, "\(String(decoding: text, as: UTF8.self))")
    }
  }

  /// The texts of the embedding models, alone and in pairs.
  @Test(arguments: ["bert", "nomic-bert"])
  func `texts of embedding models give the reference's ids with special tokens`(_ folder: String) throws {
    let file = try #require(
      TestData.files(in: "architectures/" + folder, suffix: "embeddings.json").first {
        $0.lastPathComponent == "embeddings.json"
      })
    let models = try JSONDecoder().decode(EmbeddingModels.self, from: Data(contentsOf: file)).models
    for model in models {
      let tokenizer = try ReferenceVocabularies.tokenizer(
        file.deletingLastPathComponent().appendingPathComponent(model.file))
      for item in model.cases {
        guard let text = item.text else { continue }
        let ids =
          item.text_pair.map { tokenizer.encode(text, with: $0).tokens }
          ?? tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        #expect(ids == item.ids, "\(model.file): \(text)")
      }
    }
  }

  private func separated(_ bytes: [UInt8], by separator: [UInt8]) -> [[UInt8]] {
    var texts: [[UInt8]] = []
    var start = 0
    var position = 0
    while position < bytes.count {
      if bytes[position...].starts(with: separator) {
        texts.append(Array(bytes[start..<position]))
        position += separator.count
        start = position
      } else {
        position += 1
      }
    }
    return texts + (start < bytes.count ? [Array(bytes[start...])] : [])
  }
}
