internal import ApusGrammar

/// Why a constraint was not compiled.
///
/// Whoever asked knows the name of the field that it came by.
enum ConstraintError: Error, Equatable {
  /// It cannot be read or kept; the reason is for the person who wrote it.
  case refused(String)
  /// Whoever asked for it needs it no longer.
  case stopped

  init(_ error: GrammarError) { self = error == .stopped ? .stopped : .refused(error.description) }

  /// The error of the request whose field `field` has the constraint.
  func of(_ field: String) -> ApusError {
    switch self {
    case .refused(let reason): .invalidRequest(field: field, reason: reason)
    case .stopped: .stopped
    }
  }
}
