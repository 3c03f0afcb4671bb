package import ApusJSON

/// Decodes a value of JSON.
///
/// What is missing is empty, zero, false or the first case, as the JSON may be incomplete; a strict one throws there. With
/// a note it writes down what is asked for (`SchemaProbe`).
package struct OutputDecoder: Decoder {
  private(set) var value: JSONValue?
  let note: SchemaNote?
  let probe: SchemaProbe?
  private(set) var isStrict = false
  /// Where the value stands, such as `points[2].x`; empty for the whole, kept where it is strict.
  private(set) var place = ""
  package let codingPath: [any CodingKey] = []
  package let userInfo: [CodingUserInfoKey: Any] = [:]

  /// Decodes `value`.
  package init(_ value: JSONValue) { self.init(value, nil, nil) }

  /// Decodes `value`, and throws in plain words what is missing or of another kind.
  package init(strict value: JSONValue) {
    self.init(value, nil, nil)
    isStrict = true
  }

  init(_ value: JSONValue?, _ note: SchemaNote? = nil, _ probe: SchemaProbe? = nil) {
    (self.value, self.note, self.probe) = (value, note, probe)
  }

  /// A decoder for a part of the value.
  func part(_ value: JSONValue?, _ key: String) -> OutputDecoder {
    var part = self
    part.value = value
    if isStrict { part.place = place.isEmpty || key.hasPrefix("[") ? place + key : place + "." + key }
    return part
  }

  package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    if isStrict, case .object? = value {} else if isStrict { throw problem("must be an object") }
    return KeyedDecodingContainer(OutputObject(decoder: self))
  }

  package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    if note != nil { throw OutputProblem("it decodes a list of its own") }
    if case .array(let elements)? = value { return OutputList(decoder: self, elements: elements) }
    if isStrict { throw problem("must be a list") }
    return OutputList(decoder: self, elements: [])
  }

  package func singleValueContainer() -> any SingleValueDecodingContainer { OutputValue(decoder: self) }

  /// The value as one of `type`.
  package func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if let simple = OutputScalar.value(type, value) { return simple }
    if isStrict { return try decodeStrictly(type) }
    let isMissing = value == nil || value == .null
    if isMissing, let empty = OutputScalar.empty(type) { return empty }
    if let cases = type as? any CaseIterable.Type, note != nil || isMissing || (try? T(from: self)) == nil,
      let first = OutputScalar.first(cases) as? T
    {
      return first
    }
    if let kind = OutputScalar.kind(of: type) { throw problem("must be \(kind)") }
    return try T(from: OutputDecoder(value, note == nil ? nil : SchemaNote(), probe))
  }

  private func decodeStrictly<T: Decodable>(_ type: T.Type) throws -> T {
    if value == nil { throw problem("is missing") }
    if let kind = OutputScalar.kind(of: type) { throw problem("must be \(kind)") }
    do {
      return try T(from: self)
    } catch is DecodingError where type is any CaseIterable.Type {
      throw problem("must fit \(try SchemaProbe().schema(of: type).json)")
    } catch let error as DecodingError {
      throw problem("is wrong: \(error)")
    }
  }

  private func problem(_ what: String) -> OutputProblem {
    OutputProblem((place.isEmpty ? "the value" : "'\(place)'") + " " + what)
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

  /// What values of a type are called that are decoded as they are; nil for other types.
  static func kind<T>(of type: T.Type) -> String? {
    if type is String.Type { return "a text" }
    if type is Bool.Type { return "true or false" }
    if type is Double.Type || type is Float.Type { return "a number" }
    guard let whole = type as? any FixedWidthInteger.Type else { return nil }
    return "a whole number from \(whole.range)"
  }

  static func empty<T>(_ type: T.Type) -> T? {
    if let empty = (type as? any EmptyOutput.Type)?.init() as? T { return empty }
    return "" as? T ?? false as? T ?? 0.0 as? T ?? Float(0) as? T
      ?? (type as? any FixedWidthInteger.Type)?.exactly(0) as? T
  }

  static func first<Cases: CaseIterable>(_ type: Cases.Type) -> Any? { type.allCases.first }
}

extension FixedWidthInteger {
  fileprivate static var range: String { "\(min) to \(max)" }
  fileprivate static func exactly(_ number: some BinaryInteger) -> Self? { Self(exactly: number) }
}

/// A collection, which is empty where nothing is there.
private protocol EmptyOutput { init() }

extension Array: EmptyOutput {}
extension Set: EmptyOutput {}
extension Dictionary: EmptyOutput {}
extension Optional: EmptyOutput { init() { self = nil } }
