package import ApusJSON

/// Decodes a value of JSON that may be incomplete: what is missing is empty, zero, false or the first case.
///
/// With a note it writes down what is asked for (`SchemaProbe`).
package struct OutputDecoder: Decoder {
  let value: JSONValue?
  let note: SchemaNote?
  let probe: SchemaProbe?
  package let codingPath: [any CodingKey] = []
  package let userInfo: [CodingUserInfoKey: Any] = [:]

  /// Decodes `value`.
  package init(_ value: JSONValue) { self.init(value, nil, nil) }

  init(_ value: JSONValue?, _ note: SchemaNote? = nil, _ probe: SchemaProbe? = nil) {
    (self.value, self.note, self.probe) = (value, note, probe)
  }

  package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(OutputObject(decoder: self))
  }

  package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    if note != nil { throw OutputProblem("it decodes a list of its own") }
    guard case .array(let elements)? = value else { return OutputList(elements: []) }
    return OutputList(elements: elements)
  }

  package func singleValueContainer() -> any SingleValueDecodingContainer { OutputValue(decoder: self) }

  /// The value as one of `type`.
  package func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if let simple = OutputScalar.value(type, value) { return simple }
    let isMissing = value == nil || value == .null
    if isMissing, let empty = OutputScalar.empty(type) { return empty }
    if let cases = type as? any CaseIterable.Type, note != nil || isMissing || (try? T(from: self)) == nil,
      let first = OutputScalar.first(cases) as? T
    {
      return first
    }
    return try T(from: OutputDecoder(value, note == nil ? nil : SchemaNote(), probe))
  }
}

/// Why a type cannot be decoded so.
struct OutputProblem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Values that are decoded as they are, and what stands for those that are missing.
enum OutputScalar {
  static func value<T>(_ type: T.Type, _ value: JSONValue?) -> T? {
    switch value {
    case .string(let text)?: return text as? T
    case .bool(let value)?: return value as? T
    case .int(let number)?: return whole(type, number) ?? floating(type, Double(number))
    case .unsigned(let number)?: return whole(type, number) ?? floating(type, Double(number))
    case .double(let number)?: return Int(exactly: number).flatMap { whole(type, $0) } ?? floating(type, number)
    default: return nil
    }
  }

  private static func whole<T>(_ type: T.Type, _ number: some BinaryInteger) -> T? {
    (type as? any FixedWidthInteger.Type)?.exactly(number) as? T
  }

  private static func floating<T>(_ type: T.Type, _ number: Double) -> T? { number as? T ?? Float(number) as? T }

  static func empty<T>(_ type: T.Type) -> T? {
    if let empty = (type as? any EmptyOutput.Type)?.init() as? T { return empty }
    return "" as? T ?? false as? T ?? 0.0 as? T ?? Float(0) as? T
      ?? (type as? any FixedWidthInteger.Type)?.exactly(0) as? T
  }

  static func first<Cases: CaseIterable>(_ type: Cases.Type) -> Any? { type.allCases.first }
}

extension FixedWidthInteger {
  fileprivate static func exactly(_ number: some BinaryInteger) -> Self? { Self(exactly: number) }
}

/// A collection, which is empty where nothing is there.
private protocol EmptyOutput { init() }

extension Array: EmptyOutput {}
extension Set: EmptyOutput {}
extension Dictionary: EmptyOutput {}
extension Optional: EmptyOutput { init() { self = nil } }
