internal import Apus
internal import ApusChat
internal import ApusJSON

/// Writes answers of `/v1/chat/completions`: content, reasoning and calls, each in its own member.
struct ChatEncoder: AnswerEncoder {
  var envelope: OpenAIEnvelope
  let model: Model
  /// The most likely tokens that are told beside each; nil tells nothing.
  let logProbabilities: Int?
  /// Whether a call is told by the older name, `function_call`.
  let isLegacy: Bool
  /// Whether `stop_reason` says again why a choice ended, as in Mistral's chats on Bedrock.
  var repeatsEnd = false
  /// How tokens are told.
  var naming = TokenNaming()
  /// The prompt's tokens, where their numbers are told.
  var promptTokens: [Token] = []
  /// What is told of the prompt's tokens.
  var prompt: PromptLogProbabilities?
  /// The chat that goes on with the answer, where the server keeps it.
  var kept: KeptChat?

  func open(_ choice: Int) -> [UInt8] {
    envelope.frame(
      choice, [("delta", ["role": "assistant", "content": ""]), ("logprobs", .null)], end: noEnd,
      more: naming.members("prompt_token_ids", promptTokens))
  }

  func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    let said = members(of: delta.events)
    let tellsTokens = logProbabilities != nil || naming.hasNumbers
    guard said.count > 0 || tellsTokens && !delta.tokens.isEmpty else { return [] }
    return envelope.frame(
      choice,
      [("delta", .object(said)), ("logprobs", probabilities(delta.tokens))] + naming.members(delta.tokens), end: noEnd)
  }

  func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    envelope.frame(
      choice, [("delta", [:]), ("logprobs", .null)] + naming.members([], result.summary), end: end(result))
  }

  func finish(_ usage: UsageCount) -> [UInt8] { envelope.finish(usage) }

  func record(_ result: ChoiceResult) -> AnswerRecord? { kept?.record(answer: message(result.turn)) }

  mutating func recordFailed() {
    if kept != nil { envelope.isNotKept = true }
  }

  func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    envelope.whole(
      results.map { result in
        [("message", message(result.turn)), ("logprobs", probabilities(result.tokens))] + end(result)
          + naming.members(result.tokens, result.summary)
      }, usage,
      more: (prompt.map { [("prompt_logprobs", $0.json(results.first?.summary))] } ?? [])
        + naming.members("prompt_token_ids", promptTokens))
  }

  /// What is said of the end of a choice that goes on.
  private var noEnd: JSONMembers { [("finish_reason", .null)] + (repeatsEnd ? [("stop_reason", .null)] : []) }

  /// A call whose arguments the model did not finish is none that a client could make.
  private func end(_ result: ChoiceResult) -> JSONMembers {
    let callWord = isLegacy ? "function_call" : "tool_calls"
    let end = OpenAIEnvelope.end(
      result, stopWord: result.turn.completeCalls > 0 ? callWord : AnswerEnd.stop.rawValue)
    guard repeatsEnd, let (name, reason) = end.first else { return end }
    return [(name, reason), ("stop_reason", reason)]
  }

  private func message(_ said: TurnSummary) -> JSONValue {
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
    return .object(JSONObject(message))
  }

  private static func json(_ call: ToolCall) -> JSONValue {
    [
      "id": .string(call.id), "type": "function",
      "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
    ]
  }

  /// What events add to a message.
  private func members(of events: [TurnEvent]) -> JSONObject {
    var new = TurnSummary()
    new.take(events.filter { if case .callArguments = $0 { false } else { true } })
    var members = JSONObject()
    if !new.content.isEmpty { members["content"] = .string(new.content) }
    if !new.reasoning.isEmpty { members["reasoning_content"] = .string(new.reasoning) }
    let calls = CallPiece.pieces(of: events)
    if isLegacy, let call = calls.first { members["function_call"] = .object(call.function) }
    if !isLegacy, !calls.isEmpty { members["tool_calls"] = .array(calls.map(\.json)) }
    return members
  }

  private func probabilities(_ tokens: [GeneratedToken]) -> JSONValue {
    logProbabilities.map { ChatLogProbabilities.json(tokens, model, top: $0, naming) } ?? .null
  }
}
