internal import Apus
internal import ApusChat
internal import ApusJSON

/// What an answer says in the words of Bedrock's Converse, which Nova's own bodies share.
struct ConverseEvents: Sendable {
  /// An event of a stream: its name and what it says.
  typealias Event = (name: String, payload: JSONValue)

  private enum Block { case text, reasoning, call }

  /// Blocks that have begun.
  private var blockCount = 0
  /// What is being said.
  private var open: Block?

  func beginning() -> Event { ("messageStart", ["role": "assistant"]) }

  /// What a piece says.
  mutating func events(_ events: [TurnEvent]) -> [Event] {
    var said: [Event] = []
    for event in events {
      switch event {
      case .content(let text): said += delta(.text, ["text": .string(text)])
      case .reasoning(let text): said += delta(.reasoning, ["reasoningContent": ["text": .string(text)]])
      case .callBegins(_, let id, let name):
        said += begin(.call)
        let start: JSONValue = ["toolUse": ["toolUseId": .string(id ?? ""), "name": .string(name)]]
        said.append(("contentBlockStart", ["start": start, "contentBlockIndex": index]))
      case .callArguments(_, let text): said += delta(.call, ["toolUse": ["input": .string(text)]])
      case .callEnds: said += end()
      }
    }
    return said
  }

  /// What ends the last block, and says why nothing follows.
  mutating func ending(_ result: ChoiceResult) -> [Event] {
    end() + [("messageStop", ["stopReason": .string(result.converseStopReason)])]
  }

  /// What an answer took.
  static func metadata(_ summary: GenerationSummary?) -> JSONMembers {
    let usage = summary?.usage
    return [
      (
        "usage",
        [
          "inputTokens": .int(usage?.promptTokens ?? 0), "outputTokens": .int(usage?.completionTokens ?? 0),
          "totalTokens": .int(usage?.totalTokens ?? 0),
        ]
      ), ("metrics", ["latencyMs": .int(summary?.latency ?? 0)]),
    ]
  }

  /// A whole answer, as far as Nova has it too.
  static func message(_ result: ChoiceResult) -> JSONMembers {
    let turn = result.turn
    var blocks: [JSONValue] = []
    if !turn.reasoning.isEmpty {
      blocks.append(["reasoningContent": ["reasoningText": ["text": .string(turn.reasoning)]]])
    }
    // Programs read the text of the first block without looking whether there is one.
    if !turn.content.isEmpty || turn.calls.isEmpty { blocks.append(["text": .string(turn.content)]) }
    blocks += turn.calls.map(block)
    return [
      ("output", ["message": ["role": "assistant", "content": .array(blocks)]]),
      ("stopReason", .string(result.converseStopReason)),
    ]
  }

  private static func block(_ call: ToolCall) -> JSONValue {
    // Arguments that were cut off are no JSON.
    let input = (try? JSONParser.parse(call.arguments)) ?? [:]
    return ["toolUse": ["toolUseId": .string(call.id), "name": .string(call.name), "input": input]]
  }

  private var index: JSONValue { .int(blockCount - 1) }

  private mutating func begin(_ block: Block) -> [Event] {
    let events = end()
    open = block
    blockCount += 1
    return events
  }

  private mutating func end() -> [Event] {
    guard open != nil else { return [] }
    open = nil
    return [("contentBlockStop", ["contentBlockIndex": index])]
  }

  private mutating func delta(_ block: Block, _ delta: JSONValue) -> [Event] {
    let events = open == block ? [] : begin(block)
    return events + [("contentBlockDelta", ["delta": delta, "contentBlockIndex": index])]
  }
}

extension ChoiceResult {
  /// Why it ended, in Converse's words.
  fileprivate var converseStopReason: String {
    guard end == .stop else { return "max_tokens" }
    if turn.completeCalls > 0 { return "tool_use" }
    if case .stopText? = summary?.stopReason { return "stop_sequence" }
    return "end_turn"
  }
}
