internal import Apus
internal import ApusChat
internal import ApusJSON

/// The objects of which Ollama's answers are made.
struct OllamaAnswer: Sendable {
  /// How the paths differ.
  enum Form: Sendable {
    /// Text stands in `response`.
    case generate
    /// Text stands in a message.
    case chat
  }

  private let form: Form
  private let name: String
  let clock: OllamaClock

  init(_ form: Form, name: String, _ clock: OllamaClock) {
    self.form = form
    self.name = name
    self.clock = clock
  }

  /// The answer to a request that only loads the model.
  var loaded: JSONValue { end(TurnSummary(), reason: "load", clock.durations) }

  /// The answer to a request that only unloads the model.
  var unloaded: JSONValue { end(TurnSummary(), reason: "unload", []) }

  /// One line before the last; `calls` says which of the turn's are complete with it.
  func piece(content: String, reasoning: String, calls: [JSONValue], _ more: JSONMembers) -> JSONValue {
    object(said(content, reasoning, calls) + more + [("done", false)])
  }

  /// The last line, or the whole answer, which says `turn`.
  func end(_ turn: TurnSummary, reason: String, _ more: JSONMembers) -> JSONValue {
    let calls = turn.calls.prefix(turn.completeCalls).enumerated().map { Self.call($1, number: $0) }
    return object(
      said(turn.content, turn.reasoning, calls) + [("done", true), ("done_reason", .string(reason))] + more)
  }

  /// A complete call; its arguments are an object, where OpenAI's API has a text.
  static func call(_ call: ToolCall, number: Int) -> JSONValue {
    let arguments = (try? JSONParser.parse(call.arguments)) ?? [:]
    return [
      "id": .string(call.id),
      "function": ["index": .int(number), "name": .string(call.name), "arguments": arguments],
    ]
  }

  private func said(_ content: String, _ reasoning: String, _ calls: [JSONValue]) -> JSONMembers {
    let thinking: JSONMembers = reasoning.isEmpty ? [] : [("thinking", .string(reasoning))]
    switch form {
    case .generate: return [("response", .string(content))] + thinking
    case .chat:
      let calls: JSONMembers = calls.isEmpty ? [] : [("tool_calls", .array(calls))]
      let message = [("role", "assistant"), ("content", .string(content))] + thinking + calls
      return [("message", .object(JSONObject(message)))]
    }
  }

  private func object(_ members: JSONMembers) -> JSONValue {
    .object(JSONObject([("model", .string(name)), clock.createdAt] + members))
  }
}
