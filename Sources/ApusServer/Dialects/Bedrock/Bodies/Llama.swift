internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Llama: a prompt with the marks of its chat format.
  static func llama(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    let names = BodyNames(maxTokens: ["max_gen_len"], usualMaxTokens: 512)
    let options = try fields.options(names, setting)
    return InvokeBody(RawInput(text: try fields.text("prompt"), options: options)) { prompt in
      InvokeEncoder(LlamaFormat(promptTokens: prompt.count))
    }
  }
}

private struct LlamaFormat: InvokeFormat {
  /// Tokens of the prompt, until a chunk has told them: the first one does.
  private var promptTokens: Int?
  private var tokenCount = 0

  init(promptTokens: Int) { self.promptTokens = promptTokens }

  mutating func delta(_ delta: AnswerDelta) -> [JSONMembers] {
    tokenCount += delta.tokens.count
    guard !delta.content.isEmpty else { return [] }
    return [members(delta.content, promptTokens: promptTokens.take(), tokenCount, stopReason: nil)]
  }

  mutating func close(_ result: ChoiceResult) -> [JSONMembers] {
    let count = result.summary?.usage.completionTokens ?? 0
    return [members("", promptTokens: promptTokens.take(), count, stopReason: result.textEnd)]
  }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    let result = results.first ?? ChoiceResult()
    let usage = result.summary?.usage
    return members(
      result.turn.content, promptTokens: usage?.promptTokens, usage?.completionTokens ?? 0, stopReason: result.textEnd)
  }

  private func members(
    _ text: String, promptTokens: Int?, _ tokenCount: Int, stopReason: String?
  ) -> JSONMembers {
    [
      ("generation", .string(text)), ("prompt_token_count", promptTokens.map(JSONValue.int) ?? .null),
      ("generation_token_count", .int(tokenCount)), ("stop_reason", stopReason.map(JSONValue.string) ?? .null),
    ]
  }
}

extension ChoiceResult {
  /// How a text ended, in the words that most families share.
  var textEnd: String { end == .stop ? "stop" : "length" }
}
