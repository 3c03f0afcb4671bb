import Apus
import Foundation

/// Finds the paragraphs of a folder of texts that are nearest to a question, by what they mean.
@main
struct Search {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else { return print("usage: Search EMBEDDER.gguf FOLDER QUESTION") }
    do {
      let paragraphs = try paragraphs(of: URL(fileURLWithPath: arguments[2]))
      try await search(paragraphs, for: arguments[3], with: try await Model.load(arguments[1]))
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  /// Shows the three paragraphs that are nearest to `question`.
  static func search(
    _ paragraphs: [(file: String, text: String)], for question: String, with model: Model
  ) async throws(ApusError) {
    let embeddings = try await model.embed(paragraphs.map(\.text), options: EmbeddingOptions(truncates: true))
    let question = try await model.embed(question)

    // Vectors have the length 1, so that their product is the cosine of their angle.
    let similarities = embeddings.map { zip($0.vector, question.vector).reduce(0) { $0 + $1.0 * $1.1 } }
    for (similarity, paragraph) in zip(similarities, paragraphs).sorted(by: { $0.0 > $1.0 }).prefix(3) {
      print("\(String(format: "%.3f", similarity)) \(paragraph.file): \(paragraph.text.prefix(200))")
    }
  }

  /// The paragraphs of all text files in a folder and those below it.
  static func paragraphs(of folder: URL) throws -> [(file: String, text: String)] {
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return try files.filter { $0.hasSuffix(".md") || $0.hasSuffix(".txt") }.sorted().flatMap { file in
      let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      return text.components(separatedBy: "\n\n").filter { $0.contains(where: \.isLetter) }.map { (file, $0) }
    }
  }
}
