/// Whether a model can answer messages.
public enum ChatSupport: Sendable, Equatable {
  /// A chat template turns messages into a prompt.
  case supported
  /// The model file has no chat template: the model only goes on with raw prompts.
  case noTemplate
  /// The model file has a chat template that cannot be used; `reason` is a sentence for a person.
  case refused(reason: String)
}
