internal import ApusJSON

extension OutputSchema {
  /// What the values of a type look like, by how it decodes itself.
  ///
  /// The type is decoded from nothing, and each value that it asks for is noted. So properties are in the order in which
  /// they are decoded, and what is decoded only if it is there is optional. Enumerations must be `CaseIterable`, with
  /// texts or whole numbers as raw values. Types that contain themselves are described by reference.
  ///
  /// - Throws: `ApusError.invalidRequest` for a type that cannot be decoded so: conform it to ``StructuredOutput``.
  public init(of type: any Decodable.Type) throws(ApusError) {
    let probe = SchemaProbe()
    let schema: OutputSchema
    do {
      schema = try probe.schema(of: type)
    } catch {
      throw .invalidRequest(
        field: "schema",
        reason: "what values of \(type) look like does not follow from how they are decoded (\(error)): conform it to "
          + "StructuredOutput")
    }
    self = probe.named.isEmpty ? schema : probe.document(schema)
  }
}

/// Finds the schemas of types, and names those that contain themselves.
final class SchemaProbe {
  /// Types that are being described, outermost first.
  private var open: [ObjectIdentifier: String] = [:]
  /// Schemas of types that are referred to, by name.
  private(set) var named: [String: OutputSchema] = [:]
  private var referenced: Set<String> = []

  func schema(of type: any Decodable.Type) throws -> OutputSchema {
    if let stated = type as? any StructuredOutput.Type { return stated.outputSchema }
    if let simple = Self.simple(type) { return simple }
    if let compound = type as? any CompoundOutput.Type { return try compound.schema(self) }
    let identity = ObjectIdentifier(type)
    if let name = open[identity] {
      referenced.insert(name)
      return OutputSchema(json: "{\"$ref\":\"#/$defs/\(name)\"}")
    }
    let name = "T\(open.count + named.count)"
    open[identity] = name
    defer { open[identity] = nil }
    let schema: OutputSchema
    if let cases = type as? any CaseIterable.Type, let choices = Self.choices(of: cases) {
      schema = choices
    } else {
      let note = SchemaNote()
      _ = try type.init(from: OutputDecoder(nil, note, self))
      schema = note.schema
    }
    guard referenced.contains(name) else { return schema }
    named[name] = schema
    return OutputSchema(json: "{\"$ref\":\"#/$defs/\(name)\"}")
  }

  /// The schema with those that it refers to.
  func document(_ schema: OutputSchema) -> OutputSchema {
    let definitions = named.sorted { $0.key < $1.key }.map { quoted($0.key) + ":" + $0.value.json }
    return OutputSchema(json: "{\"allOf\":[\(schema.json)],\"$defs\":{\(definitions.joined(separator: ","))}}")
  }

  private static func simple(_ type: any Decodable.Type) -> OutputSchema? {
    if type == String.self { return .string() }
    if type == Bool.self { return .boolean() }
    if type == Double.self || type == Float.self { return .number() }
    guard let whole = type as? any (FixedWidthInteger & Decodable).Type else { return nil }
    return OutputSchema(json: "{\"type\":\"integer\",\"minimum\":\(whole.least),\"maximum\":\(whole.most)}")
  }

  private static func choices<Cases: CaseIterable>(of type: Cases.Type) -> OutputSchema? {
    let values = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawText }
    guard !values.isEmpty, values.count == type.allCases.count else { return nil }
    return OutputSchema(json: "{\"enum\":[" + values.joined(separator: ",") + "]}")
  }
}

extension FixedWidthInteger {
  fileprivate static var least: String { String(min) }
  fileprivate static var most: String { String(max) }
}

extension RawRepresentable {
  /// The raw value in JSON, where it is a text or a whole number.
  fileprivate var rawText: String? {
    if let text = rawValue as? String { return quoted(text) }
    return (rawValue as? any BinaryInteger).map { "\($0)" }
  }
}

/// A type made of others, whose schema follows from theirs.
private protocol CompoundOutput {
  static func schema(_ probe: SchemaProbe) throws -> OutputSchema
}

extension Array: CompoundOutput where Element: Decodable {
  static func schema(_ probe: SchemaProbe) throws -> OutputSchema { .array(of: try probe.schema(of: Element.self)) }
}

extension Set: CompoundOutput where Element: Decodable {
  static func schema(_ probe: SchemaProbe) throws -> OutputSchema { .array(of: try probe.schema(of: Element.self)) }
}

extension Optional: CompoundOutput where Wrapped: Decodable {
  static func schema(_ probe: SchemaProbe) throws -> OutputSchema {
    .nullable(try probe.schema(of: Wrapped.self))
  }
}

extension Dictionary: CompoundOutput where Key == String, Value: Decodable {
  static func schema(_ probe: SchemaProbe) throws -> OutputSchema { .dictionary(of: try probe.schema(of: Value.self)) }
}

/// What a type asked for while it was decoded from nothing.
final class SchemaNote {
  private var properties: [(String, OutputSchema)] = []
  private var optional: Set<String> = []
  /// The schema of a single value.
  var single: OutputSchema?

  func add(_ key: String, _ schema: OutputSchema) {
    if !properties.contains(where: { $0.0 == key }) { properties.append((key, schema)) }
  }

  /// Notes that a property need not be there.
  func addOptional(_ key: String) { optional.insert(key) }

  var schema: OutputSchema { single ?? .object(properties, optional: optional) }
}
