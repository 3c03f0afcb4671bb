internal import ApusJSON
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation

/// Reference data that the command line is run over.
enum Reference {
  static let models = TestData.files(in: "models", suffix: ".gguf")
  static let vocabularies = TestData.files(in: "tokenizers/vocab", suffix: ".gguf")
  static let tokenizerCases = TestData.files(in: "tokenizers/cases", suffix: ".jsonl")
  static let logits = TestData.files(in: "logits", suffix: ".json")

  /// The JSON in a file; object keys keep their order.
  static func json(_ url: URL) throws -> JSONValue { try JSONParser.parse([UInt8](Data(contentsOf: url))) }

  /// The vocabulary that a file of cases is about: the one whose name has most in common with the file's.
  static func vocabulary(forCases url: URL) -> URL? {
    let stem = url.lastPathComponent.prefix { $0 != "." }
    let known = ["llama2-spm": "llama-spm", "llama3-bpe": "llama-bpe"]
    let wanted = plain(known[String(stem)] ?? String(stem))
    let exact = vocabularies.first { plain($0.lastPathComponent) == wanted }
    return exact ?? vocabularies.first { wanted.hasPrefix(plain($0.lastPathComponent)) }
  }

  private static func plain(_ name: String) -> String {
    let stem = name.hasPrefix("ggml-vocab-") ? name.dropFirst(11) : name[...]
    return (stem.hasSuffix(".gguf") ? stem.dropLast(5) : stem).lowercased().filter { $0.isLetter || $0.isNumber }
  }
}

extension JSONValue {
  /// The number; nil for anything else.
  var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The member at the end of a path of keys; nil where it breaks off.
  func at(_ keys: String...) -> JSONValue? {
    var value: JSONValue? = self
    for key in keys { value = value?[key] }
    return value
  }

  /// One line of JSON.
  var line: String { String(decoding: serialized(.compact), as: UTF8.self) + "\n" }
}
