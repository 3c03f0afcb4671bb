internal import Apus
internal import ApusJSON

/// A conversation, put together from the pieces of a request in which one message may come in several.
struct Conversation {
  private(set) var messages: [ChatMessage] = []
  /// The tools that were called, by the calls' ids.
  private var tools: [String: String] = [:]

  /// Adds a message; what one side says in a row is one message, whose pieces are lines.
  ///
  /// A tool's result gets the tool's name from its call.
  mutating func add(_ message: ChatMessage) {
    var message = message
    for call in message.toolCalls { tools[call.id] = call.name }
    if message.role == .tool { message.toolName = message.toolName ?? message.toolCallID.flatMap { tools[$0] } }
    let last = messages.count - 1
    guard message.role != .tool, last >= 0, messages[last].role == message.role else {
      return messages.append(message)
    }
    messages[last].content.addLine(message.content)
    messages[last].toolCalls += message.toolCalls
    guard let more = message.reasoning else { return }
    messages[last].reasoning = messages[last].reasoning ?? ""
    messages[last].reasoning?.addLine(more)
  }
}

extension RequestFields {
  /// What `read` makes of each of a list of objects.
  func objects<Value>(
    _ name: String, _ read: (RequestFields) throws(Refusal) -> Value
  ) throws(Refusal) -> [Value] {
    var made: [Value] = []
    for (index, value) in (try array(name) ?? []).enumerated() {
      let place = "\(name)[\(index)]"
      guard case .object(let object) = value else { throw mismatch(place, "an object") }
      made.append(try read(nested(object, place)))
    }
    return made
  }

  /// A text, or the texts of a list of objects as lines; nil where there is neither.
  func lines(_ name: String, _ read: (RequestFields) throws(Refusal) -> String?) throws(Refusal) -> String? {
    switch self[name] {
    case nil: return nil
    case .string(let text)?: return text
    case .array?: return try objects(name, read).compactMap(\.self).joined(separator: "\n")
    default: throw mismatch(name, "a text or an array of objects")
    }
  }

  /// A text that must be there.
  func text(_ name: String) throws(Refusal) -> String {
    guard let text = try string(name) else { throw mismatch(name, "a text") }
    return text
  }

  /// A chat whose answer has its options in fields that several dialects have by the same names; `own` is a constraint
  /// that the dialect itself has found.
  func chat(
    _ messages: [ChatMessage], _ tools: ToolUse, _ setting: JobSetting, maxTokens: Int?, stop: [String] = [],
    own: NamedConstraint?
  ) throws(Refusal) -> ChatInput {
    let constraint = try constraint(beside: own)
    let options = try options(setting, maxTokens: maxTokens, stop: stop, constraint)
    return ChatInput(messages: messages, tools: tools, options: options, constraintField: constraint?.name)
  }

  /// What an answer is to be like, in fields that several dialects have by the same names.
  func options(
    _ setting: JobSetting, maxTokens: Int?, stop: [String], _ constraint: NamedConstraint?
  ) throws(Refusal) -> GenerationOptions {
    let model = setting.model.information
    return GenerationOptions(
      maxTokens: maxTokens,
      sampling: try sampling(
        usual: model.sampling, vocabularySize: model.vocabularySize, limits: setting.limits),
      seed: try seed("seed"), stop: stop, ignoreEOS: try bool("ignore_eos") ?? false,
      adapters: try adapters(model: try string("model"), among: model.adapters), constraint: constraint?.constraint)
  }
}

extension String {
  /// Adds a line, in time with its length; nothing where there is none.
  fileprivate mutating func addLine(_ line: String) {
    guard !line.isEmpty else { return }
    if !isEmpty { self += "\n" }
    self += line
  }
}
