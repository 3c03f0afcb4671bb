internal import Apus
internal import ApusChat
internal import ApusJSON

/// An answer in the form of Anthropic's messages: as events, or as one message.
///
/// It knows no framing. The events of a stream are what `begin`, then `take` as often as there is more, then `end` give, then `stop`.
struct MessageEvents: Sendable {
  /// A block of a message while it is told.
  private enum Block: Equatable {
    case text
    case thinking
    case call(Int)
  }

  private let id: String
  private let model: String
  private let promptTokens: Int
  private let maxTokens: Int?
  private let omitsThinking: Bool
  private var hasBegun = false
  /// The block that is told, and its number; else that of the next one.
  private var block: Block?
  private var index = 0

  /// The answer of `model` to a prompt of so many tokens, asked for with at most `maxTokens`.
  init(
    model: String, promptTokens: Int, maxTokens: Int?, omitsThinking: Bool = false, idPrefix: String = "msg_"
  ) {
    id = newIdentifier(idPrefix)
    self.model = model
    self.promptTokens = promptTokens
    self.maxTokens = maxTokens
    self.omitsThinking = omitsThinking
  }

  // MARK: Events

  /// The last event.
  static let stop: JSONValue = ["type": "message_stop"]

  /// The first event, once: `cached` tokens of the prompt were known.
  mutating func begin(cached: Int) -> [JSONValue] {
    guard !hasBegun else { return [] }
    hasBegun = true
    let usage = Self.usage(prompt: promptTokens, cached: cached, completion: 0)
    return [["type": "message_start", "message": message([], end: (.null, .null), usage)]]
  }

  /// More of the answer.
  mutating func take(_ events: [TurnEvent]) -> [JSONValue] {
    begin(cached: 0) + events.flatMap { take($0) }
  }

  /// The answer has ended.
  mutating func end(_ result: ChoiceResult) -> [JSONValue] {
    let (reason, sequence) = ending(of: result)
    return begin(cached: 0) + closeBlock() + [
      [
        "type": "message_delta", "delta": ["stop_reason": reason, "stop_sequence": sequence],
        "usage": usage(of: result),
      ]
    ]
  }

  private mutating func take(_ event: TurnEvent) -> [JSONValue] {
    switch event {
    case .content(let text):
      open(.text, ["type": "text", "text": ""]) + delta(["type": "text_delta", "text": .string(text)])
    case .reasoning(let text):
      open(.thinking, ["type": "thinking", "thinking": "", "signature": ""])
        + (omitsThinking ? [] : delta(["type": "thinking_delta", "thinking": .string(text)]))
    case .callBegins(let number, let id, let name):
      open(
        .call(number), ["type": "tool_use", "id": .string(id ?? ""), "name": .string(name), "input": [:]])
    case .callArguments(let number, let text):
      block == .call(number) ? delta(["type": "input_json_delta", "partial_json": .string(text)]) : []
    case .callEnds(let number): block == .call(number) ? closeBlock() : []
    }
  }

  /// Begins a block, unless it is the one that is told already.
  private mutating func open(_ new: Block, _ content: JSONValue) -> [JSONValue] {
    guard block != new else { return [] }
    let closing = closeBlock()
    block = new
    return closing + [["type": "content_block_start", "index": .int(index), "content_block": content]]
  }

  private func delta(_ delta: JSONValue) -> [JSONValue] {
    [["type": "content_block_delta", "index": .int(index), "delta": delta]]
  }

  private mutating func closeBlock() -> [JSONValue] {
    guard let block else { return [] }
    defer {
      self.block = nil
      index += 1
    }
    let signature = block == .thinking ? delta(["type": "signature_delta", "signature": ""]) : []
    return signature + [["type": "content_block_stop", "index": .int(index)]]
  }

  // MARK: Messages

  /// The whole answer; a call whose arguments the model did not finish is none that a client could make.
  func message(_ result: ChoiceResult) -> JSONValue {
    let turn = result.turn
    var content: [JSONValue] = []
    if !turn.reasoning.isEmpty {
      let thinking = omitsThinking ? "" : turn.reasoning
      content.append(["type": "thinking", "thinking": .string(thinking), "signature": ""])
    }
    if !turn.content.isEmpty { content.append(["type": "text", "text": .string(turn.content)]) }
    for call in turn.calls {
      guard let input = try? JSONParser.parse(call.arguments), case .object = input else { continue }
      content.append(["type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": input])
    }
    return message(content, end: ending(of: result), usage(of: result))
  }

  private func message(_ content: [JSONValue], end: (JSONValue, JSONValue), _ usage: JSONValue) -> JSONValue {
    [
      "id": .string(id), "type": "message", "role": "assistant", "model": .string(model),
      "content": .array(content), "stop_reason": end.0, "stop_sequence": end.1, "usage": usage,
    ]
  }

  /// `stop_reason` and `stop_sequence`: Anthropic's words, and ours where those have none.
  private func ending(of result: ChoiceResult) -> (JSONValue, JSONValue) {
    switch (result.end, result.summary?.stopReason) {
    case (.stop, _) where result.turn.completeCalls > 0: ("tool_use", .null)
    case (.stop, .stopText(let text)?): ("stop_sequence", .string(text))
    case (.stop, _): ("end_turn", .null)
    case (.length, _):
      (
        result.summary.map { $0.usage.completionTokens < maxTokens ?? .max } ?? false
          ? "model_context_window_exceeded" : "max_tokens", .null
      )
    default: (.string(result.end.rawValue), .null)
    }
  }

  private func usage(of result: ChoiceResult) -> JSONValue {
    let usage = result.summary?.usage
    return Self.usage(
      prompt: promptTokens, cached: usage?.cachedTokens ?? 0, completion: usage?.completionTokens ?? 0)
  }

  private static func usage(prompt: Int, cached: Int, completion: Int) -> JSONValue {
    [
      "input_tokens": .int(prompt - cached), "cache_creation_input_tokens": 0,
      "cache_read_input_tokens": .int(cached), "output_tokens": .int(completion),
    ]
  }
}
