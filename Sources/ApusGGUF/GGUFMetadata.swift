internal import ApusCore
internal import ApusText

/// The key-value pairs of a GGUF file, in the file's order.
///
/// Accessors return nil for an absent key and throw for a value of another type; the `require…` forms
/// throw for an absent key too. Keys are spelled where a model's configuration is read, not here.
package struct GGUFMetadata: Sendable {
  let file: MappedFile
  private(set) var entries: [Entry] = []
  private var indexes: [ExactName: Int] = [:]

  struct Entry: Sendable {
    let key: String
    let value: GGUFValue
    /// The value in the file, after its type id.
    let range: Range<Int>
  }

  init(file: MappedFile) { self.file = file }

  package var count: Int { entries.count }
  package var keys: [String] { entries.map(\.key) }

  /// The value of `key`; constant time.
  package func value(_ key: String) -> GGUFValue? { entry(key)?.value }

  func entry(_ key: String) -> Entry? {
    indexes[ExactName(key)].map { entries[$0] }
  }

  /// Adds an entry; false where its key is there already.
  mutating func add(_ entry: Entry) -> Bool {
    guard indexes.updateValue(entries.count, forKey: ExactName(entry.key)) == nil else { return false }
    entries.append(entry)
    return true
  }
}

extension GGUFMetadata {
  /// The text of a string; throws where it is not valid UTF-8.
  package func string(_ key: String) throws(GGUFError) -> String? {
    guard let string: GGUFString = try value(key, "a string", { if case .string(let it) = $0 { it } else { nil } })
    else { return nil }
    guard let text = string.text else {
      throw error(key, expected: "a string of valid UTF-8", found: printable(string.bytes, limit: 40))
    }
    return text
  }

  /// A u32, or another integer that fits.
  package func uint32(_ key: String) throws(GGUFError) -> UInt32? {
    try value(key, "an integer from 0 to 4294967295") { $0.integer.flatMap(UInt32.init(exactly:)) }
  }

  /// An integer of any type that fits.
  package func int(_ key: String) throws(GGUFError) -> Int? {
    try value(key, "an integer") { $0.integer }
  }

  package func bool(_ key: String) throws(GGUFError) -> Bool? {
    try value(key, "a bool") { if case .bool(let it) = $0 { it } else { nil } }
  }

  /// An f32, or an f64 rounded to one.
  package func float(_ key: String) throws(GGUFError) -> Float? {
    try value(key, "a number of type f32 or f64") {
      switch $0 {
      case .float32(let value): value
      case .float64(let value): Float(value)
      default: nil
      }
    }
  }

  /// An array of any element type.
  package func array(_ key: String) throws(GGUFError) -> GGUFArray? {
    try value(key, "an array") { if case .array(let it) = $0 { it } else { nil } }
  }

  package func strings(_ key: String) throws(GGUFError) -> GGUFStringArray? {
    try elements(key, "an array of strings") { $0.strings }
  }

  package func floats(_ key: String) throws(GGUFError) -> [Float]? {
    try elements(key, "an array of f32") { $0.floats }
  }

  /// An i32 array, or a u32 array whose values fit.
  package func int32s(_ key: String) throws(GGUFError) -> [Int32]? {
    try elements(key, "an array of i32") { $0.int32s }
  }

  /// An array of any integer type, such as head counts per layer.
  package func ints(_ key: String) throws(GGUFError) -> [Int]? {
    try elements(key, "an array of integers") { $0.integers }
  }

  /// Bytes, as an array of any integer type of which each element is one.
  package func bytes(_ key: String) throws(GGUFError) -> [UInt8]? {
    try elements(key, "an array of integers") { $0.lowBytes }
  }

  package func bools(_ key: String) throws(GGUFError) -> [Bool]? {
    try elements(key, "an array of bools") { $0.bools }
  }

  private func elements<T>(
    _ key: String, _ expected: String, _ read: (GGUFArray) -> T?
  ) throws(GGUFError) -> T? {
    try value(key, expected) { if case .array(let it) = $0 { read(it) } else { nil } }
  }

  private func value<T>(
    _ key: String, _ expected: String, _ read: (GGUFValue) -> T?
  ) throws(GGUFError) -> T? {
    guard let value = value(key) else { return nil }
    guard let result = read(value) else {
      throw error(key, expected: expected, found: value.typeName + " " + value.description(limit: 40))
    }
    return result
  }

  /// An error about the value of `key`, for callers that check it further.
  package func error(
    _ key: String, _ kind: GGUFError.Kind = .wrongType, expected: String, found: String
  ) -> GGUFError {
    let offset = entry(key)?.range.lowerBound
    return GGUFError(kind, path: file.path, offset: offset, .key(key), expected: expected, found: found)
  }
}

extension GGUFMetadata {
  package func requireString(_ key: String) throws(GGUFError) -> String { try present(key, string(key)) }
  package func requireInt(_ key: String) throws(GGUFError) -> Int { try present(key, int(key)) }
  package func requireStrings(_ key: String) throws(GGUFError) -> GGUFStringArray { try present(key, strings(key)) }
  package func requireInts(_ key: String) throws(GGUFError) -> [Int] { try present(key, ints(key)) }

  private func present<T>(_ key: String, _ value: T?) throws(GGUFError) -> T {
    guard let value else { throw error(key, .missing, expected: "this key", found: "that the file lacks it") }
    return value
  }
}
