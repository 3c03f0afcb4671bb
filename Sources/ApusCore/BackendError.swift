/// Why a backend could not make a buffer or finish a step.
package enum BackendError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operating system gave no memory.
  case outOfMemory(what: String, byteCount: Int)
  /// A weight of the file at `path` holds a NaN or an infinite value; found when it was first used.
  case nonFiniteWeight(name: String, row: Int, path: String)
  /// A weight has zeros where the storage has lost what was there: `range`, in bytes of the file at `path`.
  case lostBytes(name: String, range: Range<Int>, path: String)
  /// A KV cache of this format cannot store heads of this many values.
  case kvFormat(KVFormat, headDimension: Int)
  /// A weight is of a shape or format that this operation cannot use.
  case unsupported(String)
  /// A result is NaN or infinite although all weights that took part are finite.
  case nonFiniteResult(what: String)

  /// The file that is damaged; nil where it is none.
  package var damagedPath: String? {
    switch self {
    case .nonFiniteWeight(_, _, let path), .lostBytes(_, _, let path): path
    case .outOfMemory, .kvFormat, .unsupported, .nonFiniteResult: nil
    }
  }

  package var description: String { damagedPath.map { "\($0): \(reason)" } ?? reason }

  /// What went wrong, without the path.
  package var reason: String {
    switch self {
    case .outOfMemory(let what, let byteCount):
      "no memory for \(what) (\(byteCount) bytes): "
        + (what == KVCache.name
          ? "use a shorter context, or a KV cache of q8_0" : "close other programs, or use a smaller model")
    case .kvFormat(let format, let dimension):
      "a \(format.rawValue) KV cache needs heads of whole 32 values, this model's have \(dimension): use f16"
    case .nonFiniteWeight(let name, let row, _):
      "tensor '\(name)', row \(row), holds a NaN or infinite value: the model file is damaged, fetch it again"
    case .lostBytes(let name, let range, _):
      "tensor '\(name)' has \(range.count) zero bytes from byte \(range.lowerBound) of its file on: the file is damaged "
        + "or was not copied to its end, fetch it again"
    case .unsupported(let reason): reason
    case .nonFiniteResult(let what):
      "\(what) are not finite: the model's weights are out of range, get another file of the model"
    }
  }
}
