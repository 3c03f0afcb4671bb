internal import Apus
internal import ApusJSON

extension InvokeBody {
  /// AI21's Jurassic-2, which does not stream and tells how likely each token was.
  static func jurassic(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) -> InvokeBody {
    guard !setting.isStreamed else { throw .invalid(nil, "The model is unsupported for streaming") }
    let names = BodyNames(
      maxTokens: ["maxTokens"], usualMaxTokens: 200, topP: ["topP"], topK: ["topKReturn"], stop: ["stopSequences"])
    var options = try fields.options(names, setting)
    options.topLogProbabilities = 0
    options.sampling?.presencePenalty = try fields.object("presencePenalty")?.number("scale", in: 0...5) ?? 0
    options.sampling?.frequencyPenalty = try fields.object("countPenalty")?.number("scale", in: 0...1) ?? 0
    let count = try fields.int("numResults", in: 1...setting.limits.choices) ?? 1
    let prompt = try fields.text("prompt")
    return InvokeBody(
      RawInput(text: prompt, options: options, count: count), JurassicFormat(prompt: prompt, model: setting.model))
  }
}

private struct JurassicFormat: InvokeFormat {
  let prompt: String
  let model: Model

  func delta(_ delta: AnswerDelta) -> [JSONMembers] { [] }

  func close(_ result: ChoiceResult) -> [JSONMembers] { [] }

  func whole(_ results: [ChoiceResult]) -> JSONMembers {
    let completions = results.map { result -> JSONValue in
      let reason =
        switch (result.end, result.summary?.stopReason) {
        case (.stop, .stopText?): "stop"
        case (.stop, _): "endoftext"
        default: "length"
        }
      return [
        "data": ["text": .string(result.turn.content), "tokens": .array(tokens(result.tokens))],
        "finishReason": ["reason": .string(reason)],
      ]
    }
    return [
      ("id", .int(Int.random(in: 1...Int(Int32.max)))), ("prompt", ["text": .string(prompt), "tokens": []]),
      ("completions", .array(completions)),
    ]
  }

  private func tokens(_ tokens: [GeneratedToken]) -> [JSONValue] {
    var start = 0
    return tokens.map { token in
      let text = String(decoding: model.bytes(of: token.id), as: UTF8.self)
      let end = start + text.unicodeScalars.count
      defer { start = end }
      let score = JSONValue.double(max(token.logProbabilities?.chosen ?? 0, -9999))
      return [
        "generatedToken": ["token": .string(text), "logprob": score, "raw_logprob": score], "topTokens": .null,
        "textRange": ["start": .int(start), "end": .int(end)],
      ]
    }
  }
}
