package import ApusCore
package import ApusGGUF
internal import ApusText
package import ApusTokenizers

/// Why a model could not be loaded.
package enum ModelError: Error, Sendable {
  /// The file, one of its keys or one of its tensors cannot be used: which, what was expected, what was found.
  case file(GGUFError)
  /// The vocabulary of the file at `path` cannot be used.
  case tokenizer(TokenizerError, path: String)
  /// The backend could not take a weight or make room.
  case backend(BackendError)
}

extension ModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .tokenizer(let error, let path): "\(printable(path, limit: 120)): \(error.description)"
    case .backend(let error): error.description
    }
  }
}
