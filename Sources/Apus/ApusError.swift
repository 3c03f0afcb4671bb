internal import ApusCore
internal import ApusText

/// Why Apus could not do what it was asked, in cases that a program can act on.
///
/// `description` is one sentence for a person: what is wrong and what to do.
public enum ApusError: Error, Sendable, Equatable {
  /// The model file cannot be used: missing, damaged, or of a kind that Apus does not know; `reason` names it.
  case cannotLoad(path: String, reason: String)
  /// An option of loading is out of its range.
  case invalidOption(name: String, reason: String)
  /// The model and its KV cache do not fit into this machine's memory.
  ///
  /// `largestContext` is the longest context that does fit, nil where not even the weights do.
  case notEnoughMemory(neededBytes: Int, availableBytes: Int, largestContext: Int?)
  /// The model would fit into memory if others of its pool were not in use; try again later.
  case modelsInUse(missingBytes: Int)
  /// The pool has no model of that name.
  case unknownModel(name: String, known: [String])
  /// A field of a request is out of its range; `field` has the name that APIs of the field use.
  case invalidRequest(field: String, reason: String)
  /// One of several texts or documents cannot be taken; `index` counts from 0, and `reason` says the rest of a sentence
  /// that begins with the text's name.
  case invalidText(index: Int, reason: String)
  /// The prompt leaves no room for a completion.
  ///
  /// `limit` is the context length, `prompt` the tokens of the prompt, `requested` those of prompt and completion
  /// together; where no number of tokens was asked for, the completion counts as one.
  case contextLengthExceeded(limit: Int, requested: Int, prompt: Int)
  /// The model file has no chat template, so that messages cannot be turned into a prompt.
  case noChatTemplate
  /// The model's chat template cannot be compiled, or refuses these messages.
  case chatTemplate(reason: String)
  /// The model is made for something else than what it was asked for.
  case unsuitableModel(reason: String)
  /// The session is answering another prompt; wait for its end, or make a session for each conversation.
  case alreadyResponding
  /// As many requests wait as may; try again later.
  case queueFull(limit: Int)
  /// The engine takes no more requests because the program is about to end.
  case shuttingDown
  /// The model file was changed since it was loaded.
  case modelChanged(path: String)
  /// The caller stopped the work on a prompt before it was submitted, or the wait for a model.
  case stopped
  /// Weights that are needed now turn out to be damaged: the model file must be fetched again; `reason` names them.
  case modelDamaged(path: String, reason: String)
  /// The file with a conversation or a prompt cannot be written; `reason` says what to do.
  case cannotSave(path: String, reason: String)
  /// The file holds no conversation or prompt that this model can go on with: missing, damaged, of another kind, or saved
  /// with another model or other options; `reason` says which. Its ``Transcript`` may be of use all the same.
  case cannotRestore(path: String, reason: String)
  /// An answer that was to be a value ended before it was complete; `reason` is why.
  case outputCut(reason: FinishReason)
  /// The model called tools again and again for one prompt, as often as `SessionOptions.maximumToolRounds` says, and then
  /// once more; the transcript is as before the prompt.
  case tooManyToolRounds(limit: Int)
  /// A call of a tool failed, and that was to end the response; `reason` has the tool's own words.
  case toolFailed(name: String, reason: String)
  /// Computing failed in this request; others are not affected.
  case engineFailed(reason: String)
}

extension ApusError: CustomStringConvertible {
  /// What is wrong and what to do, in one sentence.
  public var description: String {
    switch self {
    case .cannotLoad(_, let reason), .cannotSave(_, let reason), .cannotRestore(_, let reason): reason
    case .invalidOption(_, let reason): reason
    case .notEnoughMemory(let needed, let available, let largest?):
      "the model needs \(megabytes(needed)) and \(megabytes(available)) are free: use a context of at most "
        + "\(largest) tokens, or the q8_0 KV cache"
    case .notEnoughMemory(let needed, let available, nil):
      "the model needs \(megabytes(needed)) and \(megabytes(available)) are free: use a smaller model or free memory"
    case .modelsInUse(let missing):
      "the model needs \(megabytes(missing)) more than other models leave, which are in use: try again later"
    case .unknownModel(let name, let known):
      "there is no model '\(name.shortened(toByteCount: 80))': use \(known.joined(separator: ", "))"
    case .invalidRequest(_, let reason): reason
    case .invalidText(let index, let reason): "text \(index + 1) \(reason)"
    case .contextLengthExceeded(let limit, let requested, let prompt):
      "the prompt has \(prompt) tokens and \(requested) are needed with the completion, but the context length is "
        + "\(limit): shorten the prompt or load the model with a longer context"
    case .noChatTemplate:
      "the model file has no chat template: complete a raw prompt instead, or use an instruction-tuned model"
    case .chatTemplate(let reason), .unsuitableModel(let reason), .engineFailed(let reason): reason
    case .outputCut(let reason):
      "the answer was cut (\(reason.rawValue)) before its value was complete: allow more tokens or a longer context"
    case .tooManyToolRounds(let limit):
      "the model has called tools \(limit) times and wants to again: allow more, or ask for less at once"
    case .toolFailed(let name, let reason): "the tool '\(name)' failed: \(reason)"
    case .stopped: "the work was stopped"
    case .alreadyResponding:
      "the session is answering another prompt: wait for its end, or make a session for each conversation"
    case .queueFull(let limit): "\(limit) requests are waiting already: try again later"
    case .shuttingDown: "the engine is shutting down: send the request to another one"
    case .modelDamaged(let path, let reason): "\(path): \(reason)"
    case .modelChanged(let path): "\(path) was changed since it was loaded: load the model again"
    }
  }
}

/// Bytes as a person reads them, in whole MiB.
private func megabytes(_ byteCount: Int) -> String { "\(byteCount / 1_048_576) MiB" }

extension ApusError {
  /// The error of a request whose computing failed.
  init(_ error: BackendError) {
    if let path = error.damagedPath {
      self = .modelDamaged(path: path, reason: error.reason)
    } else {
      self = .engineFailed(reason: error.description)
    }
  }
}
