internal import ApusJSON

/// What a parser knows of the tools that may be called: their names, and what their parameters may be.
struct ToolTable: Sendable {
  /// The types of values that a parameter takes.
  struct Kinds: OptionSet, Sendable {
    let rawValue: Int
    static let text = Kinds(rawValue: 1)
    static let number = Kinds(rawValue: 2)
    static let bool = Kinds(rawValue: 4)
    static let null = Kinds(rawValue: 8)
    static let object = Kinds(rawValue: 16)
    static let array = Kinds(rawValue: 32)
    static let any: Kinds = [.text, .number, .bool, .null, .object, .array]
  }

  struct Tool: Sendable {
    var parameters: [[UInt8]: Kinds] = [:]
    var required: [[UInt8]] = []
    /// Whether it takes parameters that it does not name.
    var takesOthers = true
  }

  private var tools: [[UInt8]: Tool] = [:]

  /// Reads tool definitions; what is malformed in them is ignored.
  init(_ definitions: [JSONValue]) {
    for definition in definitions {
      let function = definition["function"] ?? definition
      guard case .string(let name)? = function["name"], !name.isEmpty else { continue }
      tools[Array(name.utf8)] = Tool(function["parameters"] ?? .null)
    }
  }

  var isEmpty: Bool { tools.isEmpty }

  /// The names of the tools.
  var names: Dictionary<[UInt8], Tool>.Keys { tools.keys }

  /// The tool of that name.
  subscript(name: some Collection<UInt8>) -> Tool? { tools[Array(name)] }
}

extension ToolTable.Tool {
  /// Words of a schema beside `properties` by which there may be more of them.
  private static let wordsAboutOthers = [
    "additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas",
  ]

  fileprivate init(_ schema: JSONValue) {
    guard case .object(let properties)? = schema["properties"] else { return }
    for (key, property) in zip(properties.keys, properties.values) {
      parameters[Array(key.utf8)] = ToolTable.Kinds(property)
    }
    takesOthers = Self.wordsAboutOthers.contains { schema[$0].map { $0 != false } ?? false }
    if case .array(let names)? = schema["required"] {
      required = names.compactMap { if case .string(let name) = $0 { Array(name.utf8) } else { nil } }
    }
    for name in required where parameters[name] == nil { parameters[name] = .any }
  }

  /// Whether a call with these keys fits.
  func accepts(keys: Set<[UInt8]>) -> Bool {
    required.allSatisfy(keys.contains) && (takesOthers || keys.allSatisfy { parameters[$0] != nil })
  }
}

extension ToolTable.Kinds {
  /// What a property's schema lets a value be, as far as its type, alternatives or values tell.
  init(_ schema: JSONValue, depth: Int = 0) {
    var kinds: Self = []
    switch schema["type"] {
    case .string(let name)?: kinds = Self.named(name)
    case .array(let names)?:
      for case .string(let name) in names { kinds.formUnion(Self.named(name)) }
    default: kinds = Self.alternatives(of: schema, depth: depth)
    }
    if schema["nullable"] == true, !kinds.isEmpty { kinds.insert(.null) }
    self = kinds.isEmpty ? .any : kinds
  }

  private static func alternatives(of schema: JSONValue, depth: Int) -> Self {
    if depth == 8 { return .any }
    var kinds: Self = []
    for key in ["anyOf", "oneOf"] {
      guard case .array(let schemas)? = schema[key] else { continue }
      for schema in schemas { kinds.formUnion(Self(schema, depth: depth + 1)) }
    }
    var values: [JSONValue] = []
    if case .array(let listed)? = schema["enum"] { values = listed }
    if let value = schema["const"] { values.append(value) }
    for value in values { kinds.formUnion(Self.of(value)) }
    return kinds
  }

  private static func named(_ name: String) -> Self {
    switch name {
    case "string": .text
    case "number", "integer": .number
    case "boolean": .bool
    case "null": .null
    case "object": .object
    case "array": .array
    default: .any
    }
  }

  /// The names of the types.
  var names: [String] {
    let all: [(Self, String)] = [
      (.text, "string"), (.number, "number"), (.bool, "boolean"), (.null, "null"), (.object, "object"),
      (.array, "array"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }

  /// The type of a value.
  static func of(_ value: JSONValue) -> Self {
    switch value {
    case .null: .null
    case .bool: .bool
    case .int, .unsigned, .double: .number
    case .string: .text
    case .array: .array
    case .object: .object
    }
  }
}
