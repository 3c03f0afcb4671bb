internal import Apus
internal import ApusChat
internal import ApusJSON

/// A choice of `/v1/chat/completions`: content, reasoning and calls, each in its own member.
struct ChatChoice: ChoiceFormat {
  let model: Model
  let hasLogProbabilities: Bool
  /// Whether a call is told by the older name.
  let isLegacy: Bool
  private var reader: TurnReader
  private var said = TurnSummary()

  init(_ model: Model, _ tools: ToolFields, startsInReasoning: Bool, hasLogProbabilities: Bool) {
    self.model = model
    self.hasLogProbabilities = hasLogProbabilities
    isLegacy = tools.isLegacy
    reader = TurnReader(
      model, tools: tools.definitions, choice: tools.choice, allowsSeveral: tools.allowsSeveral,
      startsInReasoning: startsInReasoning, ids: "call_" + hexadecimalDigits(of: UInt64.random(in: .min ... .max)))
  }

  var stopWord: String {
    // A call whose arguments the model did not finish is none that a client could make.
    said.completeCalls == 0 ? AnswerEnd.stop.rawValue : isLegacy ? "function_call" : "tool_calls"
  }

  func opening() -> JSONMembers? { [("delta", ["role": "assistant", "content": ""]), ("logprobs", .null)] }

  mutating func piece(_ delta: TextDelta) -> JSONMembers? {
    let delta = (text: members(of: reader.feed(delta.text)), tokens: delta.tokens)
    guard delta.text.count > 0 || hasLogProbabilities else { return nil }
    return [("delta", .object(delta.text)), ("logprobs", logProbabilities(delta.tokens))]
  }

  mutating func closing(_ summary: GenerationSummary) -> JSONMembers {
    let rest = members(of: reader.finish(isCut: summary.finishReason != .stop))
    return [("delta", .object(rest)), ("logprobs", .null)]
  }

  mutating func whole(_ text: String, _ tokens: [GeneratedToken], _ summary: GenerationSummary?) -> JSONMembers {
    said.take(reader.feed(text))
    said.take(reader.finish(isCut: summary?.finishReason != .stop))
    let hasCalls = !said.calls.isEmpty
    var message: JSONMembers = [
      ("role", "assistant"), ("content", hasCalls && said.content.isEmpty ? .null : .string(said.content)),
      ("refusal", .null),
    ]
    if !said.reasoning.isEmpty { message.append(("reasoning_content", .string(said.reasoning))) }
    if let call = said.calls.first, isLegacy {
      message.append(("function_call", ["name": .string(call.name), "arguments": .string(call.arguments)]))
    } else if hasCalls {
      message.append(("tool_calls", .array(said.calls.map(Self.json))))
    }
    return [("message", .object(JSONObject(message))), ("logprobs", logProbabilities(tokens))]
  }

  private static func json(_ call: ToolCall) -> JSONValue {
    [
      "id": .string(call.id), "type": "function",
      "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
    ]
  }

  /// What events add to a message.
  private mutating func members(of events: [TurnEvent]) -> JSONObject {
    var new = TurnSummary()
    new.take(events.filter { if case .callArguments = $0 { false } else { true } })
    said.take(events)
    var members = JSONObject()
    if !new.content.isEmpty { members["content"] = .string(new.content) }
    if !new.reasoning.isEmpty { members["reasoning_content"] = .string(new.reasoning) }
    let calls = CallPiece.pieces(of: events)
    if isLegacy, let call = calls.first { members["function_call"] = .object(call.function) }
    if !isLegacy, !calls.isEmpty { members["tool_calls"] = .array(calls.map(\.json)) }
    return members
  }

  private func logProbabilities(_ tokens: [GeneratedToken]) -> JSONValue {
    hasLogProbabilities ? ChatLogProbabilities.json(tokens, model) : .null
  }
}

/// What a delta adds to one call.
private struct CallPiece {
  let index: Int
  var beginning: (id: String, name: String)?
  var arguments = ""

  /// What events add to calls, all of one call together.
  static func pieces(of events: [TurnEvent]) -> [CallPiece] {
    var pieces: [CallPiece] = []
    for event in events {
      switch event {
      case .callBegins(let index, let id, let name):
        pieces.append(CallPiece(index: index, beginning: (id ?? "", name)))
      case .callArguments(let index, let text):
        if pieces.last?.index != index { pieces.append(CallPiece(index: index)) }
        pieces[pieces.count - 1].arguments += text
      case .content, .reasoning, .callEnds: break
      }
    }
    return pieces
  }

  var function: JSONObject {
    var members = JSONObject()
    if let beginning { members["name"] = .string(beginning.name) }
    members["arguments"] = .string(arguments)
    return members
  }

  var json: JSONValue {
    var members = JSONObject([("index", .int(index))])
    if let beginning {
      members["id"] = .string(beginning.id)
      members["type"] = "function"
    }
    members["function"] = .object(function)
    return .object(members)
  }
}
