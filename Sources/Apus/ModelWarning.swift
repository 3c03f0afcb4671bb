package import ApusModels

/// Something that a model file leaves out or has odd: the model works, but what it gives may not be what its makers meant.
public struct ModelWarning: Sendable, Equatable {
  /// What a warning is about.
  public enum Topic: Sendable {
    /// The vocabulary: it concerns every prompt.
    case vocabulary
    /// How messages become a prompt: a raw prompt is not concerned.
    case chat
  }

  /// What it is about.
  public let topic: Topic
  /// The file.
  public let path: String
  /// What is wrong, and what follows from it.
  public let finding: String
  /// What a person can do about it.
  public let advice: String
}

extension ModelWarning: CustomStringConvertible {
  /// One line for a person.
  public var description: String { "\(path): \(finding): \(advice)" }
}

extension ModelWarning {
  package init(_ warning: LoadWarning) {
    switch warning.topic {
    case .vocabulary: topic = .vocabulary
    case .chat: topic = .chat
    }
    path = warning.path
    finding = warning.finding
    advice = warning.advice
  }
}
