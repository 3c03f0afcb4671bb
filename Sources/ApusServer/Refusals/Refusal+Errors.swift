internal import Apus

extension Refusal {
  /// What an error of the engine is to a client whose request has its prompt in the field `prompt`, and other fields
  /// under the names that `field` gives for those of the library.
  init(_ error: ApusError, prompt: String = "prompt", field: (String) -> String = { $0 }) {
    switch error {
    case .invalidRequest(let name, _):
      self = .invalid(name == "prompt" ? prompt : field(name), error.description)
    case .invalidText:
      self = .invalid(field("input"), error.description)
    case .contextLengthExceeded(let limit, let requested, let count):
      self = .contextLength(ContextOverflow(limit: limit, requested: requested, prompt: count), field: prompt)
    case .noChatTemplate, .chatTemplate:
      self = .invalid(prompt, error.description)
    case .unsuitableModel:
      self = .invalid("model", error.description)
    case .queueFull:
      self = .queueFull()
    case .shuttingDown:
      self = .shuttingDown
    case .modelChanged:
      self = .modelChanged
    case .stopped:
      self = .clientLeft
    case .modelDamaged(_, let reason):
      self = Refusal(.failure, reason)
    case .modelsInUse:
      self = .modelsInUse
    case .unknownModel(let name, let known):
      self = .unknownModel(name, known: known)
    case .cannotLoad, .invalidOption, .notEnoughMemory, .alreadyResponding, .outputCut, .engineFailed, .cannotSave,
      .cannotRestore, .tooManyToolRounds, .toolFailed:
      self = Refusal(.failure, error.description)
    }
  }

  /// The words by which clients know that they must shorten their history, and from which they read the numbers.
  private static func contextLength(_ overflow: ContextOverflow, field: String) -> Refusal {
    var refusal = Refusal(
      .contextLength,
      "This model's maximum context length is \(overflow.limit) tokens. However, you requested \(overflow.requested) "
        + "tokens (\(overflow.prompt) in the \(field), \(overflow.requested - overflow.prompt) in the completion). "
        + "Please reduce the length of the \(field) or completion.", field: field)
    refusal.overflow = overflow
    return refusal
  }

  /// What a model that cannot be loaded is to a client.
  init(loading error: ApusError) {
    switch error {
    case .cannotLoad, .invalidOption, .notEnoughMemory: self = .modelNotLoaded
    default: self = Refusal(error)
    }
  }

  /// What any other error is to a client; nil for those that it must not see.
  init?(known error: any Error) {
    switch error {
    case let refusal as Refusal: self = refusal
    case let error as ApusError: self = Refusal(error)
    case is CancellationError: self = .shuttingDown
    default: return nil
    }
  }
}
