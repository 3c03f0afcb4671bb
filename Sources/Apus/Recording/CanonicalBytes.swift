internal import ApusCore

/// Values one after the other as bytes, so that equal values alone have equal bytes.
struct CanonicalBytes {
  private(set) var all: [UInt8] = []

  /// Adds a number, the lowest byte first.
  mutating func add(_ value: some FixedWidthInteger) { all.append(littleEndian: value) }

  mutating func add(_ value: Double) { add(value.bitPattern) }

  mutating func add(_ value: Bool) { all.append(value ? 1 : 0) }

  mutating func add(_ text: String) { add(Array(text.utf8)) }

  mutating func add(_ bytes: [UInt8]) {
    add(bytes.count)
    all += bytes
  }

  mutating func add(_ list: [some FixedWidthInteger]) { add(list) { $0.add($1) } }

  mutating func add(_ list: [String]) { add(list) { $0.add($1) } }

  /// Adds a list, each member as `write` does it.
  mutating func add<Element>(_ list: [Element], _ write: (inout CanonicalBytes, Element) -> Void) {
    add(list.count)
    for element in list { write(&self, element) }
  }

  /// Adds a value that may be missing.
  mutating func add<Value>(_ value: Value?, _ write: (inout CanonicalBytes, Value) -> Void) {
    add(value != nil)
    if let value { write(&self, value) }
  }
}
