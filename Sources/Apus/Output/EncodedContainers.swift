internal import ApusJSON

/// The members of an object that is encoded.
struct EncodedObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: OutputEncoder
  let codingPath: [any CodingKey] = []

  func encodeNil(forKey key: Key) { encoder.member(key.stringValue).set(.null) }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try encoder.member(key.stringValue).encode(value) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    encoder.member(key.stringValue).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.member(key.stringValue).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder.member("super") }
  func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key.stringValue) }
}

/// The elements of a list that is encoded.
struct EncodedList: UnkeyedEncodingContainer {
  let encoder: OutputEncoder
  let codingPath: [any CodingKey] = []

  var count: Int { encoder.count }

  func encodeNil() { encoder.element().set(.null) }
  func encode<T: Encodable>(_ value: T) throws { try encoder.element().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    encoder.element().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }
  func superEncoder() -> any Encoder { encoder.element() }
}

/// A value that is encoded and is no object and no list.
struct EncodedValue: SingleValueEncodingContainer {
  let encoder: OutputEncoder
  let codingPath: [any CodingKey] = []

  func encodeNil() { encoder.set(.null) }
  func encode<T: Encodable>(_ value: T) throws { try encoder.encode(value) }
}
