internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation

/// The vocabulary files of the reference data, and which of them a file of cases is about.
enum ReferenceVocabularies {
  /// The vocabulary-only model files.
  static let files = TestData.files(in: "tokenizers/vocab", suffix: ".gguf")

  /// The tokenizer of the vocabulary in `file`.
  static func tokenizer(_ file: URL) throws -> Tokenizer {
    try Tokenizer(try Vocabulary(try GGUFFile.open(path: file.path).metadata))
  }

  /// The vocabulary that the cases in `name` (such as `llama2-spm.parse_special.jsonl`) are about.
  static func file(forCases name: String) -> URL? {
    let stem = String(name.prefix { $0 != "." })
    let known = ["llama2-spm": "llama-spm", "llama3-bpe": "llama-bpe", "llama3.1-bpe": "llama-bpe"]
    let wanted = plain(known[stem] ?? stem)
    let named = files.map { (plain($0.lastPathComponent), $0) }
    if let exact = named.first(where: { $0.0 == wanted || $0.0 == withoutFamily(wanted) }) { return exact.1 }
    let similar = named.filter { wanted.hasPrefix($0.0) || $0.0.hasPrefix(withoutFamily(wanted)) }
    return similar.max { $0.0.count < $1.0.count }?.1
  }

  private static func withoutFamily(_ name: String) -> String {
    ["bpe", "spm"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
  }

  private static func plain(_ name: String) -> String {
    name.replacing("ggml-vocab-", with: "").replacing(".gguf", with: "").lowercased()
      .filter { $0.isLetter || $0.isNumber }
  }
}
