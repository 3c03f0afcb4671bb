package import ApusJSON

extension JSONValue {
  /// The text, where this is one.
  package var text: String? { if case .string(let text) = self { text } else { nil } }
  /// The elements of an array; none of anything else.
  package var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
  /// The members of an object as a template's variables; none of anything else.
  package var members: [(name: String, value: JSONValue)] {
    guard case .object(let object) = self else { return [] }
    return zip(object.keys, object.values).map { ($0, $1) }
  }
}
