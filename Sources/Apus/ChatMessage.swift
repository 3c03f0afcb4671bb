/// One message of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// Who speaks; chat templates know these four names, and some know others.
  public struct Role: RawRepresentable, Sendable, Hashable {
    /// The name as chat templates see it.
    public let rawValue: String

    /// The role of that name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Instructions for the whole conversation.
    public static let system = Role(rawValue: "system")
    /// The person.
    public static let user = Role(rawValue: "user")
    /// The model.
    public static let assistant = Role(rawValue: "assistant")
    /// The result of a tool.
    public static let tool = Role(rawValue: "tool")
  }

  /// Who speaks.
  public var role: Role
  /// What is said.
  public var content: String
  /// The tools that the model has called, where it is the model's message.
  public var toolCalls: [ToolCall]
  /// The call that this is the result of, and its tool, where it is a tool's message.
  public var toolCallID: String?, toolName: String?
  /// What the model thought before, where it is the model's message and that is to be told again.
  public var reasoning: String?

  /// A message of `role`.
  public init(
    role: Role, content: String, toolCalls: [ToolCall] = [], toolCallID: String? = nil, toolName: String? = nil,
    reasoning: String? = nil
  ) {
    self.role = role
    self.content = content
    self.toolCalls = toolCalls
    self.toolCallID = toolCallID
    self.toolName = toolName
    self.reasoning = reasoning
  }

  /// Instructions for the whole conversation.
  public static func system(_ content: String) -> ChatMessage { ChatMessage(role: .system, content: content) }
  /// What the person says.
  public static func user(_ content: String) -> ChatMessage { ChatMessage(role: .user, content: content) }
  /// What the model has said.
  public static func assistant(_ content: String) -> ChatMessage { ChatMessage(role: .assistant, content: content) }
}
