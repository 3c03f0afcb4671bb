/// What came of a call of a tool.
public struct ToolResult: Sendable, Equatable, Codable {
  /// The call.
  public var call: ToolCall
  /// What the model is told: what the tool gave, or why it gave nothing.
  public var text: String
  /// Whether it failed.
  public var isError: Bool

  /// A result.
  public init(call: ToolCall, text: String, isError: Bool = false) {
    self.call = call
    self.text = text
    self.isError = isError
  }
}
