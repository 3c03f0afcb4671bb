internal import ApusGGUF
package import ApusTokenizers

/// Something that a model file leaves out or has odd: it can be used, but what comes of it may not be what its makers
/// meant.
package struct LoadWarning: Sendable, Equatable {
  /// What it is about.
  package enum Topic: Sendable {
    /// The vocabulary: it concerns every prompt.
    case vocabulary
    /// How messages become a prompt: a raw prompt is not concerned.
    case chat
  }

  /// What it is about.
  package let topic: Topic
  /// The file.
  package let path: String
  /// What is wrong, and what follows from it.
  package let finding: String
  /// What a person can do about it.
  package let advice: String

  private init(_ topic: Topic, path: String, finding: String) {
    self.topic = topic
    self.path = path
    self.finding = finding
    advice = "get a newer file of the model, or convert it again"
  }
}

extension LoadWarning: CustomStringConvertible {
  /// One line for a person.
  package var description: String { "\(printable(path, limit: 200)): \(finding): \(advice)" }
}

extension LoadWarning {
  /// What a file leaves out about its vocabulary.
  package static func warnings(about vocabulary: Vocabulary, path: String) -> [LoadWarning] {
    vocabulary.gaps.map { LoadWarning(.vocabulary, path: path, finding: $0.description) }
  }

  /// What a file leaves out about its vocabulary and about chat.
  package static func all(about vocabulary: Vocabulary, _ template: ChatTemplateSource, path: String) -> [LoadWarning] {
    warnings(about: vocabulary, path: path) + warnings(about: template, vocabulary, path: path)
  }

  /// What a file leaves out about chat.
  package static func warnings(
    about template: ChatTemplateSource, _ vocabulary: Vocabulary, path: String
  ) -> [LoadWarning] {
    let finding: String
    let consequence = "Apus uses the ChatML format, because the vocabulary has its tokens"
    switch (template, template.isReplacedByChatML(vocabulary)) {
    case (.blank, true): finding = "the file's chat template is empty: \(consequence)"
    case (_, true): finding = "the file has no chat template: \(consequence)"
    case (.blank, false): finding = "the file's chat template is empty: it counts as none"
    default: return []
    }
    return [LoadWarning(.chat, path: path, finding: finding)]
  }
}
