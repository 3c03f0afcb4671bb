internal import ApusGGUF

/// Reads a model's own keys, `<architecture>.<name>`, each with the range that its value must lie in.
struct ConfigurationReader {
  let metadata: GGUFMetadata
  private let prefix: String

  init(_ metadata: GGUFMetadata, prefix: String) {
    self.metadata = metadata
    self.prefix = prefix
  }

  /// An integer that may differ from layer to layer, here the same for all `layers`: one for all, or an array with an
  /// entry for each.
  func integerOfLayers(
    _ name: String, _ range: ClosedRange<Int>, layers: Int, default standard: Int? = nil
  ) throws(GGUFError) -> Int {
    guard case .array? = metadata.value(key(name)) else { return try integer(name, range, default: standard) }
    let values = try metadata.requireInts(key(name))
    guard values.count == layers else {
      throw error(name, expected: "\(layers) entries, one for each layer", found: "\(values.count)")
    }
    guard let first = values.first, values.allSatisfy({ $0 == first }) else {
      throw error(
        name, .unsupported, expected: "one value for all layers", found: "values that differ from layer to layer")
    }
    return try checked(first, name, range)
  }

  /// An integer.
  func integer(
    _ name: String, _ range: ClosedRange<Int>, default standard: Int? = nil
  ) throws(GGUFError) -> Int {
    guard let value = try metadata.int(key(name)) else {
      if let standard { return standard }
      throw error(name, .missing, expected: "this key", found: "that the file lacks it")
    }
    return try checked(value, name, range)
  }

  private func checked(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(GGUFError) -> Int {
    guard range.contains(value) else {
      throw error(name, expected: "an integer from \(range.lowerBound) to \(range.upperBound)", found: "\(value)")
    }
    return value
  }

  /// A float that is finite and fulfils `isValid`.
  func number(
    _ name: String, _ expected: String, default standard: Float? = nil, isValid: (Float) -> Bool
  ) throws(GGUFError) -> Float {
    guard let value = try metadata.float(key(name)) ?? standard else {
      throw error(name, .missing, expected: "this key", found: "that the file lacks it")
    }
    guard value.isFinite, isValid(value) else { throw error(name, expected: expected, found: "\(value)") }
    return value
  }

  func contains(_ name: String) -> Bool { metadata.value(key(name)) != nil }

  func string(_ name: String) throws(GGUFError) -> String? { try metadata.string(key(name)) }

  func bool(_ name: String) throws(GGUFError) -> Bool? { try metadata.bool(key(name)) }

  /// An error about the value of `name`.
  func error(
    _ name: String, _ kind: GGUFError.Kind = .malformed, expected: String, found: String
  ) -> GGUFError {
    metadata.error(key(name), kind, expected: expected, found: found)
  }

  private func key(_ name: String) -> String { prefix + "." + name }
}
