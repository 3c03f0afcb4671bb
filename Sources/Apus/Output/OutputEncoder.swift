package import ApusJSON

/// Encodes a value as JSON.
package final class OutputEncoder: Encoder {
  /// What it is where it is no object and no list.
  private var value = JSONValue.null
  private var members: [(key: String, value: OutputEncoder)]?
  private var elements: [OutputEncoder]?
  package let codingPath: [any CodingKey] = []
  package let userInfo: [CodingUserInfoKey: Any] = [:]

  /// The JSON of `value`.
  ///
  /// Throws what the value throws, and `EncodingError` for a number that JSON has no form for.
  package static func json(_ value: some Encodable) throws -> JSONValue {
    let encoder = OutputEncoder()
    try encoder.encode(value)
    return encoder.json
  }

  private var json: JSONValue {
    if let members { return .object(JSONObject(members.map { ($0.key, $0.value.json) })) }
    return elements.map { .array($0.map(\.json)) } ?? value
  }

  func set(_ value: JSONValue) { self.value = value }

  func encode(_ value: some Encodable) throws {
    switch value {
    case let text as String: set(.string(text))
    case let value as Bool: set(.bool(value))
    case let number as Double: try set(number: number)
    case let number as Float: try set(number: Double(number))
    case let number as any FixedWidthInteger: try set(whole: number)
    default: try value.encode(to: self)
    }
  }

  private func set(whole number: any FixedWidthInteger) throws {
    if let number = Int(exactly: number) { return set(.int(number)) }
    if let number = UInt64(exactly: number) { return set(.unsigned(number)) }
    throw refusal(of: number)
  }

  private func set(number: Double) throws {
    guard number.isFinite else { throw refusal(of: number) }
    set(.double(number))
  }

  private func refusal(of number: Any) -> EncodingError {
    let context = EncodingError.Context(codingPath: codingPath, debugDescription: "JSON has no form for \(number)")
    return .invalidValue(number, context)
  }

  /// The value of a new member; of equal keys the last one counts.
  func member(_ key: String) -> OutputEncoder {
    let member = OutputEncoder()
    members?.append((key, member))
    return member
  }

  var count: Int { elements?.count ?? 0 }

  /// A new element at the end.
  func element() -> OutputEncoder {
    let element = OutputEncoder()
    elements?.append(element)
    return element
  }

  package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if members == nil { members = [] }
    return KeyedEncodingContainer(EncodedObject(encoder: self))
  }

  package func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if elements == nil { elements = [] }
    return EncodedList(encoder: self)
  }

  package func singleValueContainer() -> any SingleValueEncodingContainer { EncodedValue(encoder: self) }
}
