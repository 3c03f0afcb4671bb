internal import ApusJSON

extension Framing {
  /// One frame with an event that says its type itself, which is its name, too.
  func frame(typed event: JSONValue) -> [UInt8] {
    let name: String? = if case .string(let type)? = event["type"] { type } else { nil }
    return frame(event, name: name)
  }
}
