internal import ApusJSON

/// A text as a JSON string.
func quoted(_ text: String) -> String { String(decoding: JSONValue.string(text).serialized(.compact), as: UTF8.self) }
