internal import Apus
internal import ApusJSON

/// Bodies of the containers that came with JumpStart's models.
enum JumpStart {
  /// Those of its models for embeddings: `text_inputs` is a text or several.
  static func vectors(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    fields.accept(["mode"])
    let request = VectorRequest(
      texts: try fields.embeddingTexts("text_inputs", setting), options: try fields.embeddingOptions(),
      names: ("text_inputs", "dimensions"))
    return try request.work(setting) { ["embedding": .array($0.embeddings.map(\.json))] }
  }

  /// Those of Llama 2: a list of dialogs, of which one is answered.
  static func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    guard let dialogs = try fields.array("inputs"), dialogs.count == 1, case .array(let messages)? = dialogs.first
    else {
      throw fields.mismatch("inputs", "a list of one dialog, which is a list of messages with role and content")
    }
    // The messages of a dialog are those of OpenAI's chats.
    let names = BodyNames(maxTokens: ["max_new_tokens"], usualMaxTokens: 256)
    let options = try fields.options(names, setting)
    let chat = try ChatRequest.messages(
      RequestFields(JSONObject([("messages", .array(messages))])), setting.limits)
    return GenerationJob(
      plan: try ChatInput(messages: chat, options: options).plan(setting), encoder: WholeStream(encoder: Encoder()))
  }

  private struct Encoder: AnswerEncoder {
    func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { [] }

    func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] { [] }

    func finish(_ usage: UsageCount) -> [UInt8] { [] }

    func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
      WholeReply(
        .array(
          results.map { ["generation": ["role": "assistant", "content": .string($0.turn.content)]] }))
    }
  }
}
