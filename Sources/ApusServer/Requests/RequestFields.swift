internal import ApusTokenizers

/// The fields of a JSON object in a request, read strictly: null is absent, and a wrong type is an error.
struct RequestFields {
  private let object: JSONObject
  /// How the object's fields are named in errors, such as `messages[0].`.
  private let prefix: String

  init(_ object: JSONObject, prefix: String = "") {
    self.object = object
    self.prefix = prefix
  }

  /// The value of a field; nil for null.
  subscript(name: String) -> JSONValue? {
    switch object[name] {
    case nil, .null?: nil
    case let value?: value
    }
  }

  /// A field's name as errors report it.
  func parameter(_ name: String) -> String { prefix + name }

  /// The error that a field is not what it must be.
  func mismatch(_ name: String, _ expected: String) -> APIError {
    .invalid(parameter(name), "\(parameter(name)) must be \(expected)")
  }

  func bool(_ name: String) throws(APIError) -> Bool? {
    switch self[name] {
    case nil: return nil
    case .bool(let value): return value
    default: throw mismatch(name, "true or false")
    }
  }

  func int(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    let bounds =
      range.upperBound >= Int(Int32.max)
      ? "of at least \(range.lowerBound)"
      : "from \(range.lowerBound) to \(range.upperBound)"
    guard let whole = value.wholeNumber, range.contains(whole) else {
      throw mismatch(name, "a whole number \(bounds)")
    }
    return whole
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = value.number, range.contains(number) else {
      throw mismatch(name, "a number from \(short(range.lowerBound)) to \(short(range.upperBound))")
    }
    return number
  }

  func string(_ name: String, upTo byteCount: Int = .max) throws(APIError) -> String? {
    switch self[name] {
    case nil: return nil
    case .string(let value):
      guard value.utf8.count <= byteCount else { throw mismatch(name, "a text of at most \(byteCount) bytes") }
      return value
    default: throw mismatch(name, "a text")
    }
  }

  func array(_ name: String) throws(APIError) -> [JSONValue]? {
    switch self[name] {
    case nil: return nil
    case .array(let values): return values
    default: throw mismatch(name, "an array")
    }
  }

  func object(_ name: String) throws(APIError) -> RequestFields? {
    try members(name).map { RequestFields($0, prefix: parameter(name) + ".") }
  }

  /// The members of an object whose keys are data.
  func members(_ name: String) throws(APIError) -> JSONObject? {
    switch self[name] {
    case nil: return nil
    case .object(let object): return object
    default: throw mismatch(name, "an object")
    }
  }

  /// A limit as a person writes it: without a fraction where it has none.
  private func short(_ limit: Double) -> String { Int(exactly: limit).map(String.init) ?? String(limit) }
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
    case .double(let value): value
    default: nil
    }
  }
}
