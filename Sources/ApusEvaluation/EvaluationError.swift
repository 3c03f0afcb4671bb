package import ApusCore
package import ApusSampling

/// Why an evaluation could not be made.
package enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  case textTooShort(tokens: Int, needed: Int)
  case contextLength(Int, limit: Int)
  case backend(BackendError)
  /// The model gave logits that are no distribution.
  case logits(SamplingError)

  package var description: String {
    switch self {
    case .textTooShort(let tokens, let needed):
      "the text has \(tokens) tokens and two chunks need \(needed): give a longer text or a shorter context"
    case .contextLength(let length, let limit):
      "a context of \(length) tokens is not possible: this model takes 4 to \(limit)"
    case .backend(let error): error.description
    case .logits(let error): error.description
    }
  }
}
