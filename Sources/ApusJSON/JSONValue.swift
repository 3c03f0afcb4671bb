/// A JSON value whose objects keep the order of their keys.
///
/// Strings compare by their UTF-8 bytes: canonically equivalent texts stay different, as in every other JSON reader.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case int(Int)
  /// A whole number beyond `Int.max`.
  case unsigned(UInt64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// The members of a JSON object in the order in which their keys first appeared.
package struct JSONObject: Sendable {
  /// The keys, each once.
  package private(set) var keys: [String] = []
  /// The values, at the positions of their keys.
  package private(set) var values: [JSONValue] = []
  /// Positions by key, kept only for objects too large for a linear search.
  private var positions: [[UInt8]: Int] = [:]
  private static let linearLimit = 12

  /// Makes an object without members.
  package init() {}

  /// Makes an object from members in order; of equal keys the last value wins at the first's position, as in Python.
  package init(_ members: [(String, JSONValue)]) {
    for (key, value) in members { self[key] = value }
  }

  /// The number of members.
  package var count: Int { keys.count }

  /// The value of a key; setting nil leaves the object as it is.
  package subscript(key: String) -> JSONValue? {
    get { position(of: key).map { values[$0] } }
    set {
      guard let newValue else { return }
      if let position = position(of: key) {
        values[position] = newValue
      } else {
        append(key, newValue)
      }
    }
  }

  private func position(of key: String) -> Int? {
    if keys.count <= Self.linearLimit {
      return keys.firstIndex { $0.utf8.elementsEqual(key.utf8) }
    }
    return positions[Array(key.utf8)]
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    keys.append(key)
    values.append(value)
    if keys.count == Self.linearLimit + 1 {
      for (position, key) in keys.enumerated() { positions[Array(key.utf8)] = position }
    } else if keys.count > Self.linearLimit {
      positions[Array(key.utf8)] = keys.count - 1
    }
  }
}

extension JSONObject: Equatable {
  /// Whether both have the same members, in whatever order.
  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && zip(a.keys, a.values).allSatisfy { b[$0] == $1 }
  }
}

extension JSONValue: Equatable {
  /// Whether both are the same value; texts by bytes, and 1 equals 1.0.
  package static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.unsigned(let a), .unsigned(let b)): a == b
    case (.double(let a), .double(let b)): a == b
    case (.int(let a), .double(let b)), (.double(let b), .int(let a)): Int(exactly: b) == a
    case (.unsigned(let a), .double(let b)), (.double(let b), .unsigned(let a)): UInt64(exactly: b) == a
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSONValue {
  /// The member of that name, where this is an object that has it.
  package subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Makes a text.
  package init(stringLiteral value: String) { self = .string(value) }
  /// Makes a whole number.
  package init(integerLiteral value: Int) { self = .int(value) }
  /// Makes a truth value.
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Makes an array.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Makes an object with its keys in the order written.
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
