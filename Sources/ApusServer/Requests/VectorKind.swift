internal import ApusJSON

/// As what a vector's values are written.
enum VectorKind: String, CaseIterable, Sendable {
  case float
  /// From −127 to 127, which the value that is farthest from 0 is.
  case int8
  /// The same and 128, from 1 to 255.
  case uint8
  /// A bit for each value, set where that is above 0: eight make a byte, the first is its highest; less 128.
  case binary
  /// The same bytes from 0 to 255.
  case ubinary

  func json(_ values: [Float]) -> JSONValue {
    switch self {
    case .float: .array(values.map { .double(Double("\($0)") ?? Double($0)) })
    case .int8: .array(Self.scaled(values).map { .int($0) })
    case .uint8: .array(Self.scaled(values).map { .int($0 + 128) })
    case .binary: .array(Self.bits(values).map { .int($0 - 128) })
    case .ubinary: .array(Self.bits(values).map { .int($0) })
    }
  }

  private static func scaled(_ values: [Float]) -> [Int] {
    let most = values.reduce(0) { max($0, abs($1)) }
    guard most > 0, most.isFinite else { return values.map { _ in 0 } }
    return values.map { Int(($0 / most * 127).rounded()) }
  }

  private static func bits(_ values: [Float]) -> [Int] {
    stride(from: 0, to: values.count, by: 8).map { start in
      (0..<8).reduce(0) { byte, bit in
        let isSet = start + bit < values.count && values[start + bit] > 0
        return byte << 1 | (isSet ? 1 : 0)
      }
    }
  }
}

extension RequestFields {
  /// The kinds that a list names; nil where there is none.
  func vectorKinds(_ name: String, among known: [VectorKind]) throws(Refusal) -> [VectorKind]? {
    guard let values = try array(name) else { return nil }
    var kinds: [VectorKind] = []
    for value in values {
      guard case .string(let text) = value, let kind = known.first(where: { $0.rawValue == text }) else {
        throw mismatch(name, "a list of " + known.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
      }
      if !kinds.contains(kind) { kinds.append(kind) }
    }
    return kinds.isEmpty ? nil : kinds
  }
}
