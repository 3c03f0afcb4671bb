internal import ApusJSON

/// The members of an object, of which any may be missing.
struct OutputObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: OutputDecoder
  let codingPath: [any CodingKey] = []

  private var members: JSONObject? { if case .object(let members)? = decoder.value { members } else { nil } }

  var allKeys: [Key] { members?.keys.compactMap { Key(stringValue: $0) } ?? [] }

  /// Where a type is only described, all that it may have is there, so that it asks for it.
  func contains(_ key: Key) -> Bool { decoder.note != nil || members?[key.stringValue] != nil }

  /// Who asks for this does without the property.
  func decodeNil(forKey key: Key) -> Bool {
    decoder.note?.addOptional(key.stringValue)
    return decoder.note == nil && (members?[key.stringValue] ?? .null) == .null
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    if let note = decoder.note, let probe = decoder.probe {
      note.add(key.stringValue, try probe.schema(of: type))
    }
    return try decoder.part(members?[key.stringValue], key.stringValue).decode(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

  private func nested(_ key: Key) throws -> OutputDecoder {
    if decoder.note != nil { throw OutputProblem("it decodes containers within its own") }
    return decoder.part(members?[key.stringValue], key.stringValue)
  }
}

/// The elements of a list.
struct OutputList: UnkeyedDecodingContainer {
  let decoder: OutputDecoder
  let elements: [JSONValue]
  let codingPath: [any CodingKey] = []
  private(set) var currentIndex = 0

  init(decoder: OutputDecoder, elements: [JSONValue]) { (self.decoder, self.elements) = (decoder, elements) }

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private mutating func next() -> OutputDecoder {
    defer { currentIndex += 1 }
    return decoder.part(isAtEnd ? nil : elements[currentIndex], "[\(currentIndex)]")
  }

  mutating func decodeNil() -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { next() }
}

/// A value that is no object and no list.
struct OutputValue: SingleValueDecodingContainer {
  let decoder: OutputDecoder
  let codingPath: [any CodingKey] = []

  func decodeNil() -> Bool { decoder.note == nil && (decoder.value ?? .null) == .null }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if let note = decoder.note, let probe = decoder.probe { note.single = try probe.schema(of: type) }
    return try decoder.decode(type)
  }
}
