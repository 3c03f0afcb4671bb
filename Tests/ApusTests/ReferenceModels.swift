internal import Apus
internal import ApusTestSupport
internal import Foundation

/// The models of the reference data.
enum ReferenceModels {
  /// What a file of `logits/` says of one model, as far as these tests need it.
  struct Reference: Decodable {
    struct Case: Decodable {
      var name: String
      var ids: [Token]
      var greedy_ids: [Token]
      var greedy_text: String?
    }
    var model: String
    var cases: [Case]
  }

  /// The model files, sorted; empty without reference data.
  static let paths = TestData.files(in: "models", suffix: ".gguf").map(\.path)

  /// References whose model is among the files: real models, of which greedy text is known.
  static let all: [(path: String, cases: [Reference.Case])] = {
    TestData.files(in: "logits", suffix: ".json").compactMap { url in
      guard let data = try? Data(contentsOf: url),
        let reference = try? JSONDecoder().decode(Reference.self, from: data),
        let path = paths.first(where: { $0.hasSuffix("/" + reference.model) })
      else { return nil }
      return (path, reference.cases)
    }
  }()
}
