package import ApusJSON

/// What a model is told of a tool.
public struct ToolDefinition: Sendable, Hashable {
  /// What the model calls it by.
  public var name: String
  /// What it does.
  public var description: String
  /// What its arguments look like: the schema of an object.
  public var parameters: OutputSchema

  /// A definition; it is looked at when it is used.
  public init(name: String, description: String, parameters: OutputSchema) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }
}

extension ToolDefinition {
  /// The form of OpenAI's API.
  ///
  /// Throws `ApusError.invalidRequest` for a name or a schema that is none.
  private var json: JSONValue {
    get throws(ApusError) {
      guard !name.isEmpty, name.utf8.count <= 128, name.utf8.allSatisfy(Self.isOfNames) else {
        throw Self.refusal("a tool's name must be 1 to 128 letters, digits, '_', '-' and '.': '\(name.prefix(128))'")
      }
      guard let schema = try? JSONParser.parse(parameters.json), case .object = schema else {
        throw Self.refusal("the parameters of the tool '\(name)' are no JSON schema")
      }
      return [
        "type": "function",
        "function": ["name": .string(name), "description": .string(description), "parameters": schema],
      ]
    }
  }

  /// The same of several, each of another name.
  package static func json(_ tools: [ToolDefinition]) throws(ApusError) -> [JSONValue] {
    var names: Set<String> = []
    for tool in tools where !names.insert(tool.name).inserted {
      throw refusal("two tools have the name '\(tool.name)': give each another one")
    }
    return try tools.map { tool throws(ApusError) in try tool.json }
  }

  private static func isOfNames(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func refusal(_ reason: String) -> ApusError { .invalidRequest(field: "tools", reason: reason) }
}
