internal import ApusGGUF

/// Reads a model's own keys, `<architecture>.<name>`, each with the range that its value must lie in.
final class ConfigurationReader {
  let metadata: GGUFMetadata
  private let prefix: String
  /// Keys that were asked for: what a file says in others is not computed.
  private var asked: Set<String> = []

  init(_ metadata: GGUFMetadata, prefix: String) {
    self.metadata = metadata
    self.prefix = prefix
  }

  /// An integer that may differ from layer to layer: one for all `layers`, or an array with an entry for each.
  func integers(
    _ name: String, _ range: ClosedRange<Int>, layers: Int, default standard: Int? = nil
  ) throws(GGUFError) -> [Int] {
    guard case .array? = metadata.value(key(name)) else {
      return [Int](repeating: try integer(name, range, default: standard), count: layers)
    }
    asked.insert(name)
    let values = try metadata.requireInts(key(name))
    guard values.count == layers else {
      throw error(name, expected: "\(layers) entries, one for each layer", found: "\(values.count)")
    }
    for value in values { _ = try checked(value, name, range) }
    return values
  }

  /// A truth value for each of `layers`, from an array with an entry for each; nil where the file has no array.
  func flags(_ name: String, layers: Int) throws(GGUFError) -> [Bool]? {
    guard case .array? = metadata.value(key(name)) else { return nil }
    asked.insert(name)
    let values: [Bool]
    if let bools = try? metadata.bools(key(name)) {
      values = bools
    } else {
      values = try metadata.requireInts(key(name)).map { $0 != 0 }
    }
    guard values.count == layers else {
      throw error(name, expected: "\(layers) entries, one for each layer", found: "\(values.count)")
    }
    return values
  }

  /// An integer.
  func integer(
    _ name: String, _ range: ClosedRange<Int>, default standard: Int? = nil
  ) throws(GGUFError) -> Int {
    asked.insert(name)
    guard let value = try metadata.int(key(name)) else {
      if let standard { return standard }
      throw error(name, .missing, expected: "this key", found: "that the file lacks it")
    }
    return try checked(value, name, range)
  }

  /// An integer that some files have as a float.
  func count(_ name: String, _ range: ClosedRange<Int>, default standard: Int) throws(GGUFError) -> Int {
    guard let float = try? metadata.float(key(name)) else { return try integer(name, range, default: standard) }
    asked.insert(name)
    guard let value = Int(exactly: float) else {
      throw error(name, expected: "an integer from \(range.lowerBound) to \(range.upperBound)", found: "\(float)")
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
    asked.insert(name)
    guard let value = try metadata.float(key(name)) ?? standard else {
      throw error(name, .missing, expected: "this key", found: "that the file lacks it")
    }
    guard value.isFinite, isValid(value) else { throw error(name, expected: expected, found: "\(value)") }
    return value
  }

  /// Floats with an entry for each of `layers`; nil where the file has none.
  func numbers(_ name: String, layers: Int) throws(GGUFError) -> [Float]? {
    asked.insert(name)
    guard let values = try metadata.floats(key(name)) else { return nil }
    guard values.count == layers else {
      throw error(name, expected: "\(layers) entries, one for each layer", found: "\(values.count)")
    }
    return values
  }

  func contains(_ name: String) -> Bool { metadata.value(key(name)) != nil }

  func string(_ name: String) throws(GGUFError) -> String? {
    asked.insert(name)
    return try metadata.string(key(name))
  }

  func strings(_ name: String) throws(GGUFError) -> [String]? {
    asked.insert(name)
    guard let strings = try metadata.strings(key(name)) else { return nil }
    return (0..<strings.count).map { String(decoding: strings.bytes(at: $0), as: UTF8.self) }
  }

  func bool(_ name: String) throws(GGUFError) -> Bool? {
    asked.insert(name)
    return try metadata.bool(key(name))
  }

  /// Refuses a file that says in a key that no one asked for that the model computes something else.
  func refuseUnread() throws(GGUFError) {
    for (name, neutral) in Self.factors where contains(name) && !asked.contains(name) {
      let value = try number(name, "a number") { _ in true }
      guard value == 0 || value == neutral else { throw unread(name, "\(value)") }
    }
    for name in Self.counts where contains(name) && !asked.contains(name) {
      let value = try integer(name, 0...Int(UInt32.max))
      guard value == 0 else { throw unread(name, "\(value)") }
    }
    if !asked.contains("attention.causal"), try bool("attention.causal") == false {
      throw error("attention.causal", .unsupported, expected: "a model that generates text (true)", found: "false")
    }
  }

  private func unread(_ name: String, _ value: String) -> GGUFError {
    error(name, .unsupported, expected: "a model of this architecture without it: it is not computed", found: value)
  }

  /// What models multiply by or cut at, with the value that changes nothing; 0 is "not used" everywhere.
  private static let factors: [(name: String, neutral: Float)] = [
    ("logit_scale", 1), ("embedding_scale", 1), ("residual_scale", 1), ("attention.scale", 0),
    ("attention.clamp_kqv", 0), ("attention.max_alibi_bias", 0), ("attn_logit_softcapping", 0),
    ("final_logit_softcapping", 0), ("attention.temperature_scale", 0), ("expert_weights_scale", 1),
  ]

  /// Parts that some models have, with 0 for none.
  private static let counts = ["expert_count", "nextn_predict_layers", "attention.shared_kv_layers", "pooling_type"]

  /// An error about the value of `name`.
  func error(
    _ name: String, _ kind: GGUFError.Kind = .malformed, expected: String, found: String
  ) -> GGUFError {
    metadata.error(key(name), kind, expected: expected, found: found)
  }

  /// The whole name of a model's own key.
  func key(_ name: String) -> String { prefix + "." + name }
}
