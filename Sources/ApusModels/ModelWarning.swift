internal import ApusGGUF
internal import ApusText
package import ApusTokenizers

/// Something that a model file leaves out or has odd: the model works, but what it gives may not be what its makers
/// meant.
public struct ModelWarning: Sendable, Equatable {
  /// What a warning is about.
  public enum Topic: Sendable {
    /// The vocabulary: it concerns every prompt.
    case vocabulary
    /// How messages become a prompt: a raw prompt is not concerned.
    case chat
    /// How tokens are chosen where a request does not say.
    case sampling
  }

  /// What it is about.
  public let topic: Topic
  /// The file.
  public let path: String
  /// What is wrong, and what follows from it.
  public let finding: String
  /// What a person can do about it.
  public let advice: String

  private init(_ topic: Topic, path: String, finding: String) {
    self.topic = topic
    self.path = path
    self.finding = finding
    advice = "get a newer file of the model, or convert it again"
  }
}

extension ModelWarning: CustomStringConvertible {
  /// One line for a person.
  public var description: String { "\(printable(path, limit: 200)): \(finding): \(advice)" }
}

extension ModelWarning {
  /// What a file leaves out about its vocabulary.
  package static func warnings(about vocabulary: Vocabulary, path: String) -> [ModelWarning] {
    vocabulary.gaps.map { ModelWarning(.vocabulary, path: path, finding: $0.description) }
  }

  /// What a file recommends for sampling that is of no use.
  package static func warnings(about sampling: RecommendedSampling, path: String) -> [ModelWarning] {
    sampling.unusable.map {
      ModelWarning(.sampling, path: path, finding: "the file's \($0) is no value of use: the default is taken for it")
    }
  }

  /// What a file leaves out about its vocabulary and about chat.
  package static func all(about vocabulary: Vocabulary, _ template: ChatTemplateSource, path: String) -> [ModelWarning]
  {
    warnings(about: vocabulary, path: path) + warnings(about: template, vocabulary, path: path)
  }

  /// What a file leaves out about chat.
  package static func warnings(
    about template: ChatTemplateSource, _ vocabulary: Vocabulary, path: String
  ) -> [ModelWarning] {
    let finding: String
    let consequence = "Apus uses the ChatML format, because the vocabulary has its tokens"
    switch (template, template.isReplacedByChatML(vocabulary)) {
    case (.blank, true): finding = "the file's chat template is empty: \(consequence)"
    case (_, true): finding = "the file has no chat template: \(consequence)"
    case (.blank, false): finding = "the file's chat template is empty: it counts as none"
    default: return []
    }
    return [ModelWarning(.chat, path: path, finding: finding)]
  }
}
