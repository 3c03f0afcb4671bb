/// Why a backend could not make a buffer or finish a step.
package enum BackendError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operating system gave no memory.
  case outOfMemory(what: String, byteCount: Int)
  /// A weight holds a NaN or an infinite value; found when it was first used.
  case nonFiniteWeight(name: String, row: Int)
  /// A weight has zeros where its storage has lost what was there: `range`, in bytes of its file.
  case lostBytes(name: String, range: Range<Int>)
  /// A weight is of a shape or format that this operation cannot use.
  case unsupported(String)
  /// A result is NaN or infinite although all weights that took part are finite.
  case nonFiniteResult(what: String)

  package var description: String {
    switch self {
    case .outOfMemory(let what, let byteCount):
      "no memory for \(what) (\(byteCount) bytes): use a smaller --context, or --kv q8_0"
    case .nonFiniteWeight(let name, let row):
      "tensor '\(name)', row \(row), holds a NaN or infinite value: the model file is damaged, fetch it again"
    case .lostBytes(let name, let range):
      "tensor '\(name)' has \(range.count) zero bytes from byte \(range.lowerBound) of its file on: the file is damaged "
        + "or was not copied to its end, fetch it again"
    case .unsupported(let reason): reason
    case .nonFiniteResult(let what):
      "\(what) are not finite: the model's weights are out of range, check the file with `apus check`"
    }
  }
}
