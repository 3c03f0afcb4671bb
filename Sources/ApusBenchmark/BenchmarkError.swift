package import ApusCore
package import ApusModels

/// Why a model could not be measured.
package enum BenchmarkError: Error, Sendable, CustomStringConvertible {
  case model(ModelError)
  case backend(BackendError)
  /// This machine has no kernels of that name, but these.
  case kernels(String, known: [String])
  /// Weights and KV cache do not fit.
  case memory(neededBytes: Int, availableBytes: Int, positions: Int, sequences: Int)

  package var description: String {
    switch self {
    case .model(let error): return error.description
    case .backend(let error): return error.description
    case .kernels(let name, let known):
      return "this machine has no kernels '\(name)': take one of \(known.joined(separator: ", "))"
    case .memory(let needed, let available, let positions, let sequences):
      return "\(sequences) times \(positions) positions need \(needed >> 20) MiB, and \(available >> 20) MiB are free: "
        + "use a smaller depth, fewer sequences or a smaller model"
    }
  }
}
