internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// A model with the logits of a float32 reference: an entry of a `models` list in the reference data.
struct SyntheticReference: Decodable, Sendable, CustomTestStringConvertible {
  var file: String
  var n_vocab: Int
  var ids: [Token]
  var logits_file: String
  var greedy_from_first_8_ids: [Token]
  /// The best logit less the second, at each step of the greedy continuation.
  var greedy_gap: [Float]
  /// The folder of the file, in the reference data.
  private(set) var folder = "models"

  private enum CodingKeys: CodingKey {
    case file, n_vocab, ids, logits_file, greedy_from_first_8_ids, greedy_gap
  }

  var testDescription: String { file }
  /// Positions that a test needs; how many decides which divisors LongRoPE takes.
  var positions: Int { max(64, ids.count) }
  var path: String { (TestData.folder?.path ?? "") + "/" + folder + "/" + file }
  var logits: URL {
    URL(fileURLWithPath: TestData.folder?.path ?? "").appendingPathComponent("\(folder)/\(logits_file)")
  }

  /// All entries of all lists beside the models, but for models with recurrent layers that are refused.
  static let all = everything.filter { !$0.isRefused }
  /// Models with recurrent layers of kinds that are not computed.
  static let refused = everything.filter(\.isRefused)

  private static let everything: [SyntheticReference] = {
    struct List: Decodable { var models: [SyntheticReference] }
    let folders = ["models"] + TestData.folders(in: "architectures").map { "architectures/" + $0 }
    return folders.flatMap { folder in
      TestData.files(in: folder, suffix: ".json").filter {
        folder == "models" || $0.lastPathComponent == "synthetic.json"
      }
      .flatMap { decoded(List.self, $0)?.models ?? [] }
      .map { reference in
        var reference = reference
        reference.folder = folder
        return reference
      }
    }
  }()

  private var isRefused: Bool { Self.refusedFolders.contains { folder == "architectures/" + $0 } }

  private static let refusedFolders = [
    "qwen35", "qwen35moe", "qwen3next", "granitehybrid", "falcon-h1", "nemotron_h", "nemotron_h_moe", "mamba2",
  ]
}

/// Prompts with the last position's logits and the greedy continuation: one file of `logits`.
struct PromptReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Case: Decodable, Sendable {
    var name: String
    var prompt: String
    var parse_special: Bool
    var ids: [Token]
    var logits_row: Int
    var prompt_token_nll: [Double]
    var argmax_each_position: [Int]
    var greedy_ids: [Token]
    var greedy_text: String
    var greedy_top1_minus_top2: [Float]
  }

  var model: String
  var n_vocab: Int
  /// `NAME (what it holds)`.
  var full_last_logits: String
  /// Set where the ids begin with BOS.
  var bos_prepended: Token?
  var cases: [Case]

  var testDescription: String { model }
  var logitsFile: String { full_last_logits.split(separator: " ").first.map(String.init) ?? "" }

  static let all = TestData.files(in: "logits", suffix: ".json")
    .filter { !$0.lastPathComponent.hasSuffix(".ppl.json") }.compactMap { decoded(PromptReference.self, $0) }
}

/// One long context with the negative log likelihood of each token: one file of `logits`.
struct PerplexityReference: Decodable, Sendable, CustomTestStringConvertible {
  var model: String
  var ids: [Token]
  var token_nll: [Double]
  var mean_nll: Double

  var testDescription: String { model }

  static let all = TestData.files(in: "logits", suffix: ".ppl.json").compactMap { decoded(Self.self, $0) }
}

/// Nil, and a recorded issue, where a file of the reference data does not have the shape that the tests know.
private func decoded<T: Decodable>(_ type: T.Type, _ url: URL) -> T? {
  do {
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
  } catch {
    Issue.record("\(url.lastPathComponent): \(error)")
    return nil
  }
}

/// The floats of a `.f32` file, little-endian.
func floats(in url: URL) throws -> [Float] {
  let bytes = [UInt8](try Data(contentsOf: url))
  return stride(from: 0, to: bytes.count, by: 4).map { i in
    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << (8 * UInt32($1)) })
  }
}

/// Models of the reference data.
enum ModelFiles {
  /// The path of a model that not every machine can fetch, or the test ends as skipped.
  static func optionalPath(of name: String) throws -> String {
    if let path = TestData.model(name) { return path }
    try Test.cancel("\(name) is not here: fetch it with Models/fetch")
  }

  /// The path, or the test ends as skipped; an issue where reference data is required.
  static func requirePath(of name: String) throws -> String {
    if let path = TestData.model(name) { return path }
    #expect(!TestData.isRequired, "\(name) is missing: fetch it into Models/downloads")
    try Test.cancel("\(name) is not here: fetch it into Models/downloads")
  }
}

@Suite struct `Reference data of models` {
  @Test func `is there where it is required`() {
    guard TestData.isRequired else { return }
    #expect(!SyntheticReference.all.isEmpty && !PromptReference.all.isEmpty && !PerplexityReference.all.isEmpty)
  }
}
