internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// Amazon's Titan Text.
  static func titan(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    let names = BodyNames(
      maxTokens: ["maxTokenCount"], usualMaxTokens: 512, topP: ["topP"], stop: ["stopSequences"])
    let configuration = "textGenerationConfig"
    let inner = try fields.object(configuration) ?? fields.nested(JSONObject(), configuration)
    let options = try inner.options(names, setting)
    return InvokeBody(RawInput(text: try fields.text("inputText"), options: options), TitanFormat())
  }
}

private struct TitanFormat: InvokeFormat {
  func delta(_ delta: AnswerDelta) -> [JSONMembers] {
    delta.content.isEmpty ? [] : [chunk(delta.content, nil)]
  }

  func close(_ result: ChoiceResult) -> [JSONMembers] { [chunk("", result)] }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    let answers = results.map { result -> JSONValue in
      [
        "tokenCount": .int(result.summary?.usage.completionTokens ?? 0), "outputText": .string(result.turn.content),
        "completionReason": reason(result),
      ]
    }
    return [
      ("inputTextTokenCount", .int(results.first?.summary?.usage.promptTokens ?? 0)), ("results", .array(answers)),
    ]
  }

  private func chunk(_ text: String, _ result: ChoiceResult?) -> JSONMembers {
    let usage = result?.summary?.usage
    return [
      ("outputText", .string(text)), ("index", 0),
      ("totalOutputTextTokenCount", usage.map { .int($0.completionTokens) } ?? .null),
      ("completionReason", result.map(reason) ?? .null),
      ("inputTextTokenCount", usage.map { .int($0.promptTokens) } ?? .null),
    ]
  }

  private func reason(_ result: ChoiceResult) -> JSONValue {
    switch (result.end, result.summary?.stopReason) {
    case (.stop, .stopText?): "STOP_CRITERIA_MET"
    case (.stop, _): "FINISH"
    default: "LENGTH"
    }
  }
}
