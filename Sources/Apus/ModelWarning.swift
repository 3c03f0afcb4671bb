internal import ApusModels

/// Something that a model file leaves out or has odd: the model works, but what it gives may not be what its makers meant.
public struct ModelWarning: Sendable, Equatable {
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
  init(_ warning: LoadWarning) {
    self.init(path: warning.path, finding: warning.finding, advice: warning.advice)
  }
}
