internal import ApusJSON
internal import HTTPTypes

/// What one route takes and gives: its part of `/openapi.json`, which stands where the route does.
struct Operation: Sendable {
  /// What it answers with where all is well.
  enum Reply: Sendable {
    /// JSON of this schema.
    case json(JSONValue)
    /// The same, or server-sent events where `stream` is true.
    case jsonOrEvents(JSONValue)
    /// Bytes of one of these types.
    case bytes([String])
    /// Nothing, with 204.
    case nothing
  }

  /// Its name in generated clients.
  let id: String
  let summary: String
  /// Names in the query, with schemas.
  var query: [(name: String, schema: JSONValue)] = []
  /// The schema of the part of the path that a `*` stands for.
  var pathPart = Schema.text()
  /// The schema of its body; nil for none.
  var body: JSONValue?
  let reply: Reply
}

extension Route {
  /// This route, told of in `/openapi.json`.
  func described(_ operation: Operation) -> Route {
    var route = self
    route.operation = operation
    return route
  }

  /// Its path as OpenAPI writes it: `{id}` stands for what `*` and `**` do.
  var template: String {
    path.split(separator: "/", omittingEmptySubsequences: false).map { $0.hasPrefix("*") ? "{id}" : $0 }
      .joined(separator: "/")
  }
}

/// JSON schemas, in short.
enum Schema {
  static func text(_ more: JSONMembers = []) -> JSONValue { of("string", more) }
  static let bool = of("boolean")
  static let anything: JSONValue = [:]

  static func int(_ least: Int? = nil, _ most: Int? = nil) -> JSONValue { of("integer", bounds(least, most)) }

  static func number(_ least: Int? = nil, _ most: Int? = nil) -> JSONValue { of("number", bounds(least, most)) }

  static func list(of items: JSONValue, least: Int? = nil, most: Int? = nil) -> JSONValue {
    let bounds = [("minItems", least), ("maxItems", most)].compactMap { name, value in
      value.map { (name, JSONValue.int($0)) }
    }
    return of("array", [("items", items)] + bounds)
  }

  static func one(of values: String...) -> JSONValue { ["enum": .array(values.map { .string($0) })] }

  static func any(of schemas: JSONValue...) -> JSONValue { ["anyOf": .array(schemas)] }

  /// The same, or null.
  static func orNull(_ schema: JSONValue) -> JSONValue { any(of: schema, of("null")) }

  /// An object, of which only these members are told; others may stand beside them.
  static func object(_ members: JSONMembers, required: [String] = []) -> JSONValue {
    of(
      "object",
      [("properties", .object(JSONObject(members)))]
        + (required.isEmpty ? [] : [("required", .array(required.map { .string($0) }))]))
  }

  /// An object that has all of these members.
  static func full(_ members: JSONMembers) -> JSONValue { object(members, required: members.map(\.0)) }

  /// One of the schemas that stand once for all.
  static func shared(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/" + name)] }

  private static func of(_ type: String, _ more: JSONMembers = []) -> JSONValue {
    .object(JSONObject([("type", .string(type))] + more))
  }

  private static func bounds(_ least: Int?, _ most: Int?) -> JSONMembers {
    [("minimum", least), ("maximum", most)].compactMap { name, value in value.map { (name, .int($0)) } }
  }
}
