/// A dictionary in insertion order; never changed once made, as in Jinja's immutable sandbox.
final class TemplateDictionary {
  let members: TemplateMembers
  let nesting: Int
  let weight: Int

  init(_ members: TemplateMembers) throws(TemplateError) {
    self.members = members
    var contents = TemplateContents()
    contents.add(members.keys)
    contents.add(members.values)
    nesting = try contents.containerNesting()
    weight = contents.weight
  }

  var keys: [TemplateValue] { members.keys }
  var values: [TemplateValue] { members.values }
  var count: Int { keys.count }

  func pairs() throws(TemplateError) -> [TemplateValue] {
    var pairs: [TemplateValue] = []
    pairs.reserveCapacity(count)
    for (key, value) in zip(keys, values) { pairs.append(try .tuple([key, value])) }
    return pairs
  }
}

/// Keys with their values; a key given twice keeps its first place and its last value.
struct TemplateMembers {
  private(set) var keys: [TemplateValue] = []
  private(set) var values: [TemplateValue] = []
  private var index = TemplateKeyIndex()

  fileprivate func value(_ key: TemplateKey) -> TemplateValue? { index.position(of: key).map { values[$0] } }

  /// Sets a member outside of a rendering, where nothing is paid for.
  mutating func set(_ key: TemplateValue, _ value: TemplateValue) throws(TemplateError) {
    let hashed = try TemplateKey(key)
    if let position = index.position(of: hashed) {
      values[position] = value
    } else {
      keys.append(key)
      values.append(value)
      index.append(hashed)
    }
  }
}

/// A rendering's way to members: a key is paid for, as it can be long.
extension TemplateInterpreter {
  /// The value under `key`, or nil; an error where Python cannot hash the key.
  func value(_ key: TemplateValue, in members: TemplateMembers) throws(TemplateError) -> TemplateValue? {
    try pay(key, in: members)
    return members.value(try TemplateKey(key))
  }

  func set(
    _ key: TemplateValue, _ value: TemplateValue, in members: inout TemplateMembers
  ) throws(TemplateError) {
    try pay(key, in: members)
    try members.set(key, value)
  }

  /// A key for a set of values.
  func hashed(_ value: TemplateValue) throws(TemplateError) -> TemplateKey {
    try spend(value.weight / 2)
    return try TemplateKey(value)
  }

  /// A key is compared with a few others, or hashed, which takes as long.
  private func pay(_ key: TemplateValue, in members: TemplateMembers) throws(TemplateError) {
    try spend(2 + key.weight / Self.copiedBytesPerUnit * min(members.keys.count + 1, TemplateKeyIndex.linearLimit))
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
      guard sequence.items.count < 64, value.nesting < 4 else { throw .limit("a tuple is too large for a key") }
      var keys: [TemplateKey] = []
      for item in sequence.items { keys.append(try TemplateKey(item)) }
      self = .tuple(keys)
    case .list, .dictionary: throw .runtime("unhashable type: '\(value.typeName)'")
    case .undefined: self = .object("undefined")
    case .namespace(let number): self = .object("namespace \(number)")
    case .macro(let number): self = .object("macro \(number)")
    default: throw .runtime("'\(value.typeName)' cannot be a key")
    }
  }
}

/// Positions by key, in a hash table only where a linear search would cost more.
private struct TemplateKeyIndex {
  static let linearLimit = 8
  private var first: [TemplateKey] = []
  private var positions: [TemplateKey: Int] = [:]

  func position(of key: TemplateKey) -> Int? { positions.isEmpty ? first.firstIndex(of: key) : positions[key] }

  /// Takes note of a new key.
  mutating func append(_ key: TemplateKey) {
    if !positions.isEmpty {
      positions[key] = positions.count
    } else if first.count < Self.linearLimit {
      first.append(key)
    } else {
      for (position, earlier) in first.enumerated() { positions[earlier] = position }
      positions[key] = first.count
    }
  }
}
