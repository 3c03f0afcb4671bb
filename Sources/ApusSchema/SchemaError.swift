/// Why a JSON schema cannot be kept, and where.
package struct SchemaError: Error, Sendable, Equatable {
  /// Where it is, as a JSON pointer from the schema's root: `#/properties/age/multipleOf`.
  package let place: String
  /// What is wrong there, for the person who wrote the schema.
  package let reason: String

  /// Whoever asked for the schema needs it no longer.
  package static let stopped = SchemaError(place: "#", reason: "stopped")

  package init(place: String, reason: String) {
    self.place = place
    self.reason = reason
  }
}

extension SchemaError: CustomStringConvertible {
  package var description: String { "\(place): \(reason)" }
}
