internal import Apus
internal import ApusJSON

/// The fields of a JSON object in a request, read strictly: null is absent, and a wrong type is an error.
struct RequestFields {
  private let object: JSONObject
  /// How the object's fields are named in errors, such as `messages[0].`.
  private let prefix: String
  /// What of the whole request is read, and of this object.
  private let record: FieldRecord
  private let entry: FieldRecord.Entry

  /// The fields of a request.
  init(_ object: JSONObject) { self.init(object, prefix: "", FieldRecord()) }

  private init(_ object: JSONObject, prefix: String, _ record: FieldRecord) {
    self.object = object
    self.prefix = prefix
    self.record = record
    entry = record.add(object, prefix: prefix)
  }

  /// The fields of an object within this one, whose errors name it `name`.
  func nested(_ object: JSONObject, _ name: String) -> RequestFields {
    RequestFields(object, prefix: parameter(name) + ".", record)
  }

  /// The same fields with those of the objects `names` beside them; what stands in both must be equal.
  func lifting(_ names: [String]) throws(Refusal) -> RequestFields {
    var merged = object
    for name in names {
      guard let inner = try members(name) else { continue }
      for (key, value) in zip(inner.keys, inner.values) {
        let outer = merged[key] ?? .null
        guard outer == .null || value == .null || outer == value else {
          throw conflict(parameter(key), "\(name).\(key)")
        }
        if outer == .null { merged[key] = value }
      }
    }
    let lifted = RequestFields(merged)
    lifted.accept(names.filter { if case .object? = object[$0] { true } else { false } })
    return lifted
  }

  /// Notes that fields of these names change nothing of the answer.
  func accept(_ names: some Sequence<String>) { entry.note(names) }

  /// The first field that is none of `known`; nil where there is none.
  func unknown(beside known: Set<String>) -> String? {
    zip(object.keys, object.values).first { !known.contains($0) && $1 != .null }?.0
  }

  /// The fields of the whole request that nothing has read.
  var ignored: IgnoredFields { record.ignored }

  /// The value of a field; nil for null.
  subscript(name: String) -> JSONValue? {
    entry.note(CollectionOfOne(name))
    return switch object[name] {
    case nil, .null?: nil
    case let value?: value
    }
  }

  /// A field's name as errors report it.
  func parameter(_ name: String) -> String { prefix + name }

  /// The error that a field is not what it must be.
  func mismatch(_ name: String, _ expected: String) -> Refusal {
    .invalid(parameter(name), "\(parameter(name)) must be \(expected)")
  }

  func bool(_ name: String) throws(Refusal) -> Bool? {
    switch self[name] {
    case nil: return nil
    case .bool(let value): return value
    default: throw mismatch(name, "true or false")
    }
  }

  /// A whole number; the error names the bound that is broken.
  func int(_ name: String, in range: ClosedRange<Int>) throws(Refusal) -> Int? {
    guard let value = self[name] else { return nil }
    guard let number = value.number, number == number.rounded() else { throw mismatch(name, "a whole number") }
    // What no Int holds breaks a bound all the same.
    let isHeld = value.wholeNumber != nil
    let whole = value.wholeNumber ?? (number < 0 ? .min : .max)
    guard whole >= range.lowerBound, isHeld || number > 0 else {
      throw mismatch(name, "at least \(range.lowerBound)")
    }
    guard whole <= range.upperBound, isHeld else { throw mismatch(name, "at most \(range.upperBound)") }
    return whole
  }

  /// A number; the error names the bound that is broken.
  func number(_ name: String, in range: ClosedRange<Double>) throws(Refusal) -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = value.number else { throw mismatch(name, "a number") }
    guard number >= range.lowerBound else { throw mismatch(name, "at least \(short(range.lowerBound))") }
    guard number <= range.upperBound else { throw mismatch(name, "at most \(short(range.upperBound))") }
    return number
  }

  /// A seed as a number or as decimal text; nil for a random one.
  func seed(_ name: String) throws(Refusal) -> UInt64? {
    let text: String
    switch self[name] {
    case nil: return nil
    case .string(let value)?: text = value
    case .unsigned(let value)?: text = String(value)
    case let value?:
      guard let number = value.number, number == number.rounded() else { throw mismatch(name, "a whole number") }
      // A number written with a point or an exponent; beyond 64 bits it breaks the bound however it is rounded.
      text =
        value.wholeNumber.map(String.init) ?? UInt64(exactly: number).map(String.init)
        ?? (number < 0 ? "-2" : "1\(UInt64.max)")
    }
    do throws(ApusError) {
      return try Seed(text).value
    } catch {
      throw .invalid(parameter(name), error.description)
    }
  }

  /// What one of several names of the same thing gives; an error where two give different values.
  func only<Value: Equatable>(
    _ names: [String], _ read: (String) throws(Refusal) -> Value?
  ) throws(Refusal) -> Value? {
    var found: (name: String, value: Value)?
    for name in names {
      guard let value = try read(name) else { continue }
      if let found, found.value != value { throw conflict(parameter(name), found.name) }
      found = found ?? (parameter(name), value)
    }
    return found?.value
  }

  private func conflict(_ name: String, _ other: String) -> Refusal {
    .invalid(name, "\(name) and \(other) mean the same and differ: give one of them")
  }

  func string(_ name: String, upTo byteCount: Int = .max) throws(Refusal) -> String? {
    switch self[name] {
    case nil: return nil
    case .string(let value):
      guard value.utf8.count <= byteCount else { throw mismatch(name, "a text of at most \(byteCount) bytes") }
      return value
    default: throw mismatch(name, "a text")
    }
  }

  func array(_ name: String) throws(Refusal) -> [JSONValue]? {
    switch self[name] {
    case nil: return nil
    case .array(let values): return values
    default: throw mismatch(name, "an array")
    }
  }

  func object(_ name: String) throws(Refusal) -> RequestFields? {
    try members(name).map { nested($0, name) }
  }

  /// The members of an object whose keys are data.
  func members(_ name: String) throws(Refusal) -> JSONObject? {
    switch self[name] {
    case nil: return nil
    case .object(let object): return object
    default: throw mismatch(name, "an object")
    }
  }

  /// A limit as a person writes it: without a fraction where it has none.
  private func short(_ limit: Double) -> String { Int(exactly: limit).map(String.init) ?? String(limit) }
}

extension JSONObject {
  /// Its JSON text, in the shortest form.
  var text: String { String(decoding: JSONValue.object(self).serialized(.compact), as: UTF8.self) }
}

extension JSONValue {
  /// The whole number that this is, however it is written.
  var wholeNumber: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number that this is.
  var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}
