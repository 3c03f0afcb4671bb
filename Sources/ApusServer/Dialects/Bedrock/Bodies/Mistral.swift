internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Mistral's first models: a prompt with `[INST]` marks.
  static func mistral(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    let options = try fields.options(BodyNames(usualMaxTokens: 512), setting)
    return InvokeBody(
      RawInput(text: try fields.text("prompt"), options: options), ListedTextFormat(listName: "outputs"))
  }
}

/// Texts in a list, each with the reason for which it ended.
struct ListedTextFormat: InvokeFormat {
  let listName: String

  func delta(_ delta: AnswerDelta) -> [JSONMembers] {
    delta.content.isEmpty ? [] : [members([text(delta.content, stopReason: .null)])]
  }

  func close(_ result: ChoiceResult) -> [JSONMembers] { [members([text("", stopReason: .string(result.textEnd))])] }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    members(results.map { text($0.turn.content, stopReason: .string($0.textEnd)) })
  }

  private func members(_ texts: [JSONValue]) -> JSONMembers { [(listName, .array(texts))] }

  private func text(_ text: String, stopReason: JSONValue) -> JSONValue {
    ["text": .string(text), "stop_reason": stopReason]
  }
}
