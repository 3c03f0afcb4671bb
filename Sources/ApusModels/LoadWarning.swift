internal import ApusGGUF
package import ApusTokenizers

/// Something that a model file leaves out or has odd: it can be used, but what comes of it may not be what its makers
/// meant.
package struct LoadWarning: Sendable, Equatable {
  /// The file.
  package let path: String
  /// What is wrong, and what follows from it.
  package let finding: String
  /// What a person can do about it.
  package let advice: String

  package init(path: String, finding: String, advice: String) {
    self.path = path
    self.finding = finding
    self.advice = advice
  }
}

extension LoadWarning: CustomStringConvertible {
  /// One line for a person.
  package var description: String { "\(printable(path, limit: 200)): \(finding): \(advice)" }
}

extension LoadWarning {
  /// What a file leaves out about its vocabulary.
  package static func warnings(about vocabulary: Vocabulary, path: String) -> [LoadWarning] {
    vocabulary.gaps.map { LoadWarning(path: path, finding: $0.description, advice: $0.advice) }
  }

  /// What a file leaves out about its vocabulary and about chat.
  package static func all(about vocabulary: Vocabulary, _ template: ChatTemplateSource, path: String) -> [LoadWarning] {
    warnings(about: vocabulary, path: path) + warnings(about: template, vocabulary, path: path)
  }

  private static func warnings(
    about template: ChatTemplateSource, _ vocabulary: Vocabulary, path: String
  ) -> [LoadWarning] {
    let finding: String
    switch (template, vocabulary.knowsChatML) {
    case (.absent, true):
      finding = "the file has no chat template: ChatML is taken, whose marks are tokens of its vocabulary"
    case (.blank, true):
      finding = "the file's chat template is empty: ChatML is taken, whose marks are tokens of its vocabulary"
    case (.blank, false): finding = "the file's chat template is empty: it counts as none"
    default: return []
    }
    return [LoadWarning(path: path, finding: finding, advice: "get a newer file of the model")]
  }
}
