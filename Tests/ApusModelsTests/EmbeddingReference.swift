internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// A model with the vectors or scores of a float32 reference: an entry of a file `embeddings.json`.
struct EmbeddingReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Case: Decodable, Sendable {
    var ids: [Token]
    var row: Int
    var text: String?
    var text_pair: String?
  }

  /// How far the reference's own int8 form is from its float form.
  struct Deviation: Decodable, Sendable {
    var min_cosine: Double
  }

  var file: String
  var n_out: Int
  var pooling: String
  var embeddings_file: String
  var cases: [Case]
  var llama_cpp_quantized: Deviation?
  /// The folder of the file, in the reference data.
  private(set) var folder = ""

  private enum CodingKeys: CodingKey {
    case file, n_out, pooling, embeddings_file, cases, llama_cpp_quantized
  }

  var testDescription: String { file }
  var path: String { (TestData.folder?.path ?? "") + "/" + folder + "/" + file }

  /// The expected results, `[cases][n_out]`.
  func expected() throws -> [[Float]] {
    let url = URL(fileURLWithPath: TestData.folder?.path ?? "").appendingPathComponent("\(folder)/\(embeddings_file)")
    let values = try floats(in: url)
    return cases.map { Array(values[$0.row * n_out..<($0.row + 1) * n_out]) }
  }

  /// All entries of all lists in the folders of architectures.
  static let all: [EmbeddingReference] = {
    struct List: Decodable { var models: [EmbeddingReference] }
    return TestData.folders(in: "architectures").map { "architectures/" + $0 }.flatMap { folder in
      TestData.files(in: folder, suffix: "embeddings.json").flatMap { url -> [EmbeddingReference] in
        do {
          return try JSONDecoder().decode(List.self, from: Data(contentsOf: url)).models.map { reference in
            var reference = reference
            reference.folder = folder
            return reference
          }
        } catch {
          Issue.record("\(url.lastPathComponent) of \(folder): \(error)")
          return []
        }
      }
    }
  }()
}

/// The normalized vectors of a real sentence encoder.
struct SentenceReference: Decodable, Sendable {
  struct Case: Decodable, Sendable {
    var text: String
    var ids: [Token]
    var row: Int
  }

  var n_out: Int
  var embeddings_file: String
  var cases: [Case]

  /// Those of all-MiniLM-L6-v2; nil without reference data.
  static func miniLM() throws -> (reference: SentenceReference, values: [Float])? {
    guard let folder = TestData.folder?.appendingPathComponent("architectures/bert") else { return nil }
    let url = folder.appendingPathComponent("all-minilm-l6-v2.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let reference = try JSONDecoder().decode(SentenceReference.self, from: Data(contentsOf: url))
    return (reference, try floats(in: folder.appendingPathComponent(reference.embeddings_file)))
  }
}

/// The cosine of the angle between two vectors.
func cosine(_ a: [Float], _ b: [Float]) -> Double {
  let products = zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  let squares = [a, b].map { $0.reduce(0) { $0 + Double($1) * Double($1) } }
  return products / (squares[0] * squares[1]).squareRoot()
}
