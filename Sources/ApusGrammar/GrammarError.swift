/// Why a grammar cannot be used, for the person who wrote it.
package enum GrammarError: Error, Sendable, Equatable {
  /// Its text cannot be read; `offset` counts bytes from the beginning.
  case syntax(reason: String, offset: Int)
  /// Something that is not offered; `what` names it.
  case unsupported(what: String)
  /// It is too large or too deep; `what` names what is counted.
  case tooLarge(what: String, limit: Int)
  /// No text fits it.
  case empty
  /// Whoever asked for it needs it no longer.
  case stopped
}

extension GrammarError: CustomStringConvertible {
  /// What is wrong and what to do, in one sentence.
  package var description: String {
    switch self {
    case .syntax(let reason, let offset): "\(reason) (at byte \(offset))"
    case .unsupported(let what): "not supported: \(what)"
    case .tooLarge(let what, let limit): "\(what) exceeds the limit of \(limit): make it simpler"
    case .empty: "no text fits it: loosen it"
    case .stopped: "stopped"
    }
  }
}
