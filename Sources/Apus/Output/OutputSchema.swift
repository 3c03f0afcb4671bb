/// What values look like that a model is to write: a JSON schema, put together in Swift.
///
/// Most `Decodable` types need none: it follows from how they are decoded (``init(of:)``). A type that is to say more, such
/// as ranges or what its properties mean, conforms to ``StructuredOutput``.
public struct OutputSchema: Sendable, Hashable {
  /// The JSON schema, as text.
  public let json: String

  /// A schema that is written in JSON; it is looked at when it is used.
  public init(json: String) { self.json = json }

  private init(type: String, _ keywords: [(String, String?)], _ description: String? = nil) {
    var members = ["\"type\":" + quoted(type)]
    if let description { members.append("\"description\":" + quoted(description)) }
    for case (let name, let value?) in keywords { members.append(quoted(name) + ":" + value) }
    json = "{" + members.joined(separator: ",") + "}"
  }

  /// A text of so many characters, which matches a regular expression if one is given.
  public static func string(
    _ description: String? = nil, length: ClosedRange<Int>? = nil, pattern: String? = nil
  ) -> OutputSchema {
    OutputSchema(
      type: "string",
      [
        ("minLength", length.map { String($0.lowerBound) }), ("maxLength", length.map { String($0.upperBound) }),
        ("pattern", pattern.map(quoted)),
      ], description)
  }

  /// One of these texts.
  public static func choice(_ texts: [String]) -> OutputSchema {
    OutputSchema(json: "{\"enum\":[" + texts.map(quoted).joined(separator: ",") + "]}")
  }

  /// A whole number.
  public static func integer(_ description: String? = nil, in range: ClosedRange<Int>? = nil) -> OutputSchema {
    OutputSchema(
      type: "integer",
      [("minimum", range.map { String($0.lowerBound) }), ("maximum", range.map { String($0.upperBound) })],
      description)
  }

  /// A number; the ends of a range must be finite.
  public static func number(_ description: String? = nil, in range: ClosedRange<Double>? = nil) -> OutputSchema {
    OutputSchema(
      type: "number", [("minimum", range.map { "\($0.lowerBound)" }), ("maximum", range.map { "\($0.upperBound)" })],
      description)
  }

  /// True or false.
  public static func boolean(_ description: String? = nil) -> OutputSchema {
    OutputSchema(type: "boolean", [], description)
  }

  /// A list of so many elements.
  public static func array(
    _ description: String? = nil, of element: OutputSchema, count: ClosedRange<Int>? = nil
  ) -> OutputSchema {
    OutputSchema(
      type: "array",
      [
        ("items", element.json), ("minItems", count.map { String($0.lowerBound) }),
        ("maxItems", count.map { String($0.upperBound) }),
      ], description)
  }

  /// An object with these properties, in this order, and no others; all but the optional ones are there.
  public static func object(
    _ properties: KeyValuePairs<String, OutputSchema>, optional: Set<String> = [], description: String? = nil
  ) -> OutputSchema {
    object(properties.map { ($0.key, $0.value) }, optional: optional, description: description)
  }

  static func object(
    _ properties: [(String, OutputSchema)], optional: Set<String>, description: String? = nil
  ) -> OutputSchema {
    let members = properties.map { quoted($0.0) + ":" + $0.1.json }.joined(separator: ",")
    let required = properties.map(\.0).filter { !optional.contains($0) }.map(quoted).joined(separator: ",")
    return OutputSchema(
      type: "object",
      [("properties", "{" + members + "}"), ("required", "[" + required + "]"), ("additionalProperties", "false")],
      description)
  }

  /// An object of any keys, all of whose values are alike.
  static func dictionary(of value: OutputSchema) -> OutputSchema {
    OutputSchema(type: "object", [("additionalProperties", value.json)])
  }

  /// Any of these.
  public static func anyOf(_ schemas: [OutputSchema]) -> OutputSchema {
    OutputSchema(json: "{\"anyOf\":[" + schemas.map(\.json).joined(separator: ",") + "]}")
  }

  /// What `schema` says, or null.
  public static func nullable(_ schema: OutputSchema) -> OutputSchema {
    anyOf([schema, OutputSchema(json: "{\"type\":\"null\"}")])
  }
}

/// A type whose values a model writes, and which says itself what they look like.
public protocol StructuredOutput: Decodable {
  /// What its values look like.
  static var outputSchema: OutputSchema { get }
}
