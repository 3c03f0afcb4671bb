internal import ApusJSON
internal import ApusTemplates
internal import ApusText

/// The form in which a template reads what a message says.
enum ContentForm: Sendable {
  /// A text.
  case text
  /// A list with one part, `{"type": "text", "text": …}`.
  case parts
}

/// How a chat template treats messages: in which form it reads them, and whose it leaves out without an error.
struct TemplateTraits: Sendable {
  /// Renders messages, treated in a certain way.
  typealias Render = (_ messages: [ChatMessage], _ traits: TemplateTraits) throws(TemplateError) -> String

  /// The form for each role; that of the user for those that are not here.
  private var forms: [ChatMessage.Role: ContentForm] = [:]
  /// Roles whose messages the template leaves out.
  private(set) var droppedRoles: Set<ChatMessage.Role> = []

  /// Texts everywhere.
  init() {}

  /// Finds out how `render` treats messages, by at most ten short conversations.
  ///
  /// Throws where it keeps what a user says in no form.
  init(of render: Render) throws(ApusError) {
    let user = ChatMessage.user(Self.text("question"))
    let system = ChatMessage.system(Self.text("instruction"))
    let history = [user, .assistant(Self.text("answer")), .user(Self.text("request"))]
    var outcome = tryForms(of: .user, [user], render)
    // Some templates want instructions first.
    if !outcome.isKept, !outcome.isEndless, tryForms(of: .user, [system, user], render).isKept { outcome = .kept }
    switch outcome {
    case .kept: break
    case .dropped: throw .cannotChat("its chat template leaves out what the user says")
    case .failed(let error): throw .cannotChat(error.description)
    }
    let call = [user, .assistant(Self.text("call")), ChatMessage(role: .tool, content: Self.text("result"))]
    for (role, conversation) in [(ChatMessage.Role.system, [system, user]), (.assistant, history), (.tool, call)] {
      if case .dropped = tryForms(of: role, conversation, render) { droppedRoles.insert(role) }
    }
  }

  /// A message as a template sees it.
  func value(of message: ChatMessage) -> JSONValue {
    let text = JSONValue.string(message.content.withoutByteOrderMark)
    let content: JSONValue =
      switch forms[message.role] ?? forms[.user] ?? .text {
      case .text: text
      case .parts: .array([["type": "text", "text": text]])
      }
    var members = JSONObject([("role", .string(message.role.rawValue)), ("content", content)])
    if let reasoning = message.reasoning { members["reasoning_content"] = .string(reasoning) }
    if !message.toolCalls.isEmpty { members["tool_calls"] = .array(message.toolCalls.map(\.json)) }
    if let id = message.toolCallID { members["tool_call_id"] = .string(id) }
    if let name = message.toolName { members["name"] = .string(name) }
    return .object(members)
  }

  /// Throws where one of the messages would be left out.
  func check(_ messages: [ChatMessage]) throws(ApusError) {
    guard let role = messages.first(where: { droppedRoles.contains($0.role) && !$0.content.isEmpty })?.role else {
      return
    }
    let advice =
      role == .system
      ? "say it in the first user message instead" : "ask without the conversation so far"
    throw .chatTemplate(reason: "the model's chat template leaves out \(role.rawValue) messages: \(advice)")
  }
}

extension ToolCall {
  /// The form of OpenAI's API.
  var json: JSONValue {
    [
      "id": .string(id), "type": "function",
      "function": ["name": .string(name), "arguments": .string(arguments)],
    ]
  }
}

extension TemplateTraits {
  /// What became of a conversation.
  private enum Outcome {
    /// The prompt holds everything that was said.
    case kept
    case dropped
    case failed(TemplateError)

    var isKept: Bool { if case .kept = self { true } else { false } }
    /// Whether trying again would only take time.
    var isEndless: Bool { if case .failed(let error) = self { error.kind == .limit } else { false } }
  }

  /// Takes the first form in which nothing of `conversation` is left out; what became of texts where there is none.
  private mutating func tryForms(
    of role: ChatMessage.Role, _ conversation: [ChatMessage], _ render: Render
  ) -> Outcome {
    forms[role] = .text
    let outcome = outcome(of: conversation, render)
    if outcome.isKept || outcome.isEndless { return outcome }
    forms[role] = .parts
    if self.outcome(of: conversation, render).isKept { return .kept }
    forms[role] = .text
    return outcome
  }

  private func outcome(of conversation: [ChatMessage], _ render: Render) -> Outcome {
    do throws(TemplateError) {
      let prompt = Array(try render(conversation, self).utf8)
      // A list that is printed as it is holds the text too, with its own punctuation.
      let isPrinted = forms.values.contains(.parts) && Self.part.contains { prompt.position(of: $0) != nil }
      let isKept = conversation.allSatisfy { message in
        message.content.split(separator: "\n\n").allSatisfy { prompt.position(of: Array($0.utf8)) != nil }
      }
      return isKept && !isPrinted ? .kept : .dropped
    } catch {
      return .failed(error)
    }
  }

  /// How a part of a list begins where it is printed: as Python does, and as JSON.
  private static let part = ["'type': 'text'", "\"type\": \"text\""].map { Array($0.utf8) }

  /// Paragraphs that no template has by itself, together long enough to see that none of them is cut away.
  private static func text(_ kind: String) -> String {
    let middle = String(repeating: "This apus \(kind) goes on for a while, as what people write does. ", count: 60)
    return "An apus \(kind) begins here.\n\n\(middle)\n\nNow the apus \(kind) is over."
  }
}
