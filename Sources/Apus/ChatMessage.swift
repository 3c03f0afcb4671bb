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

  /// A message of `role`.
  public init(role: Role, content: String) {
    self.role = role
    self.content = content
  }

  /// Instructions for the whole conversation.
  public static func system(_ content: String) -> ChatMessage { ChatMessage(role: .system, content: content) }
  /// What the person says.
  public static func user(_ content: String) -> ChatMessage { ChatMessage(role: .user, content: content) }
  /// What the model has said.
  public static func assistant(_ content: String) -> ChatMessage { ChatMessage(role: .assistant, content: content) }
}
