internal import ApusJSON

/// Answers JSON objects on standard input, one a line, with one JSON object a line each, in order.
///
/// A line that cannot be answered gets `{"error": …}`. Memory is bounded by the longest line.
struct JSONLines {
  private let input = Input()
  private let output = Output()

  /// Answers all lines until the input ends.
  func answer(_ transform: (JSONValue) throws -> JSONValue) throws {
    while let line = try input.nextLine(willWait: output.flush) {
      let answer: JSONValue
      do {
        answer = try transform(try parse(line))
      } catch {
        answer = ["error": .string("\(error)")]
      }
      try output.write(answer.serialized(.compact) + [UInt8(ascii: "\n")])
    }
    try output.flush()
  }

  private func parse(_ line: Input.Line) throws -> JSONValue {
    guard case .text(let bytes) = line else { throw Failure("the line has more than 8 MiB") }
    let value = try JSONParser.parse(bytes)
    guard case .object = value else { throw Failure("expected a JSON object") }
    return value
  }
}

extension JSONValue {
  /// The text of member `key`; throws where it is missing or something else.
  func requireText(_ key: String) throws(Failure) -> String {
    guard let text = try text(key) else { throw Failure("the field \(key) is missing") }
    return text
  }

  /// The text of member `key`; nil where there is none.
  func text(_ key: String) throws(Failure) -> String? {
    switch self[key] {
    case nil, .null: return nil
    case .string(let text): return text
    default: throw Failure("the field \(key) must be a string")
    }
  }

  /// The truth value of member `key`; nil where there is none.
  func bool(_ key: String) throws(Failure) -> Bool? {
    switch self[key] {
    case nil, .null: return nil
    case .bool(let value): return value
    default: throw Failure("the field \(key) must be true or false")
    }
  }

  /// A number for JSON, which has no NaN and no infinities: those are null.
  static func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }

  /// The text of a result: two spaces a level, and the end of the last line.
  var pretty: [UInt8] {
    serialized(JSONStyle(indent: Array("  ".utf8))) + [UInt8(ascii: "\n")]
  }
}
