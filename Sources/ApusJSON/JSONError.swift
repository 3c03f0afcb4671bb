/// Why bytes are not a JSON value that can be used.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The position of the first byte that cannot be accepted, counted from 0.
  package let offset: Int
  /// What was expected there or found wrong; never a part of the input.
  package let reason: String

  package var description: String { "invalid JSON at byte \(offset): \(reason)" }
}
