/// A dictionary in insertion order; never changed once made, as in Jinja's immutable sandbox.
final class TemplateDictionary {
  let keys: [TemplateValue]
  let values: [TemplateValue]
  let nesting: Int
  private let index: TemplateKeyIndex

  fileprivate init(
    keys: [TemplateValue], values: [TemplateValue], index: TemplateKeyIndex
  ) throws(TemplateError) {
    self.keys = keys
    self.values = values
    self.index = index
    nesting = max(try ApusTokenizers.nesting(around: values), try ApusTokenizers.nesting(around: keys))
  }

  var count: Int { keys.count }

  func value(_ key: TemplateKey) -> TemplateValue? { index.position(of: key, in: keys).map { values[$0] } }

  /// The value under a text key, without making a `TemplateKey` where the dictionary is small.
  func value(_ key: TemplateText) -> TemplateValue? { index.position(of: key, in: keys).map { values[$0] } }

  func pairs() throws(TemplateError) -> [TemplateValue] {
    var pairs: [TemplateValue] = []
    pairs.reserveCapacity(count)
    for (key, value) in zip(keys, values) { pairs.append(try .tuple([key, value])) }
    return pairs
  }
}

/// Collects the members of a dictionary; a key given twice keeps its first place and its last value.
struct TemplateDictionaryBuilder {
  private var keys: [TemplateValue] = []
  private var values: [TemplateValue] = []
  private var index = TemplateKeyIndex()

  init() {}

  init(_ dictionary: TemplateDictionary) throws(TemplateError) {
    for (key, value) in zip(dictionary.keys, dictionary.values) { try set(key, value) }
  }

  mutating func set(_ key: TemplateValue, _ value: TemplateValue) throws(TemplateError) {
    let hashed = try TemplateKey(key)
    if let position = index.position(of: hashed, in: keys) {
      values[position] = value
    } else {
      keys.append(key)
      values.append(value)
      index.append(hashed, to: keys)
    }
  }

  func build() throws(TemplateError) -> TemplateDictionary {
    try TemplateDictionary(keys: keys, values: values, index: index)
  }
}

/// A dictionary key made hashable: 1, 1.0 and True are the same key, as in Python.
enum TemplateKey: Hashable {
  case none
  case int(Int)
  case double(UInt64)
  case text([UInt8])
  case tuple([TemplateKey])
  case object(String)

  /// Fails on values that Python cannot hash.
  init(_ value: TemplateValue) throws(TemplateError) {
    switch value {
    case .none: self = .none
    case .bool(let value): self = .int(value ? 1 : 0)
    case .int(let value): self = .int(value)
    case .double(let value): self = Int(exactly: value).map { .int($0) } ?? .double(value.bitPattern)
    case .text(let text): self = .text(text.utf8)
    case .tuple(let sequence):
      var keys: [TemplateKey] = []
      for item in sequence.items { keys.append(try TemplateKey(item)) }
      guard keys.count < 64, value.nesting < 4 else { throw .limit("a tuple is too large for a key") }
      self = .tuple(keys)
    case .list, .dictionary: throw .runtime("unhashable type: '\(value.typeName)'")
    case .undefined: self = .object("undefined")
    case .namespace(let number): self = .object("namespace \(number)")
    case .macro(let number): self = .object("macro \(number)")
    default: throw .runtime("'\(value.typeName)' cannot be a key")
    }
  }
}

/// Positions by key, kept only where a linear search would cost more.
struct TemplateKeyIndex {
  private static let linearLimit = 8
  private var positions: [TemplateKey: Int] = [:]

  func position(of key: TemplateText, in keys: [TemplateValue]) -> Int? {
    if keys.count > Self.linearLimit { return positions[.text(key.utf8)] }
    return keys.firstIndex {
      if case .text(let text) = $0 { text.utf8 == key.utf8 } else { false }
    }
  }

  func position(of key: TemplateKey, in keys: [TemplateValue]) -> Int? {
    if keys.count > Self.linearLimit { return positions[key] }
    return keys.firstIndex { (try? TemplateKey($0)) == key }
  }

  /// Takes note of the last of `keys`.
  mutating func append(_ key: TemplateKey, to keys: [TemplateValue]) {
    if keys.count == Self.linearLimit + 1 {
      for (position, earlier) in keys.enumerated() {
        if let earlier = try? TemplateKey(earlier) { positions[earlier] = position }
      }
    } else if keys.count > Self.linearLimit {
      positions[key] = keys.count - 1
    }
  }
}
