/// A call of a tool that a model asks for.
public struct ToolCall: Sendable, Equatable, Codable {
  /// What its result names it by.
  public var id: String
  /// The tool.
  public var name: String
  /// The arguments, a JSON object as text.
  public var arguments: String

  /// A call.
  public init(id: String, name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}
