import Apus
import Foundation

/// Says of each text what a model finds likelier: that it praises, or that it complains.
@main
struct Classify {
  static let examples = [
    "I loved every minute of it.", "The hinge broke on the first day.", "What a wonderful little machine!",
    "A waste of money, do not buy it.",
  ]
  static let labels = ["positive", "negative"]

  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first else { return print("usage: Classify MODEL.gguf [TEXT…]") }
    let texts = arguments.count > 1 ? Array(arguments.dropFirst()) : examples
    do {
      let model = try await Model.load(path, options: LoadOptions(contextLength: 1024))
      for (text, label) in zip(texts, try await classify(texts, with: model)) { print("\(label)\t\(text)") }
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  /// A label for each text.
  ///
  /// Only a few texts are in work at a time, since a model's queue has an end.
  static func classify(_ texts: [String], with model: Model) async throws -> [String] {
    var result = texts.map { _ in "" }
    try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (index, text) in texts.enumerated() {
        if index >= 8, let (done, label) = try await group.next() { result[done] = label }
        group.addTask { (index, try await label(of: text, with: model)) }
      }
      for try await (done, label) in group { result[done] = label }
    }
    return result
  }

  /// The likeliest label; the examples before the text show the model what is asked.
  static func label(of text: String, with model: Model) async throws(ApusError) -> String {
    let prompt = model.tokenize(
      """
      Review: The best meal of my life.
      Sentiment: positive

      Review: It stopped working after a week.
      Sentiment: negative

      Review: \(text)
      Sentiment:
      """)
    var best = (label: "", score: -Double.infinity)
    for label in labels {
      let answer = model.tokenize(" " + label, addSpecial: false)
      let scores = try await model.score(tokens: prompt + answer, from: prompt.count)
      let mean = scores.reduce(0) { $0 + $1.chosen } / Double(scores.count)
      if mean > best.score { best = (label, mean) }
    }
    return best.label
  }
}
