internal import Apus
internal import ApusJSON

/// The object that an answer of `/v1/responses` is, before, while and after it is made.
struct ResponseForm: Sendable {
  let id: String
  let created: Int
  let model: String
  /// What it repeats of the request.
  private var echo: JSONObject

  /// The object of an answer with this id, to a request of which it repeats `echo`.
  init(id: String, created: Int, model: String, echo: JSONObject) {
    self.id = id
    self.created = created
    self.model = model
    self.echo = echo
  }

  /// It, with these items; `result` is how the answer has ended.
  func response(_ output: [JSONValue], _ result: ChoiceResult?) -> JSONValue {
    var response = JSONObject([
      ("id", .string(id)), ("object", "response"), ("created_at", .int(created)),
      ("status", .string(Self.status(result))), ("error", .null), ("incomplete_details", Self.details(result)),
      ("model", .string(model)), ("output", .array(output)), ("usage", Self.usage(result)),
    ])
    for (name, value) in zip(echo.keys, echo.values) { response[name] = value }
    return .object(response)
  }

  /// Its end says that it is not kept.
  mutating func tellNotKept() { echo["store"] = false }

  private static func status(_ result: ChoiceResult?) -> String {
    guard let result else { return "in_progress" }
    return result.end == .stop ? "completed" : "incomplete"
  }

  /// OpenAI's word for an answer that was cut, or ours where it has none.
  private static func details(_ result: ChoiceResult?) -> JSONValue {
    guard let end = result?.end, end != .stop else { return .null }
    return ["reason": .string(end == .length ? "max_output_tokens" : end.rawValue)]
  }

  private static func usage(_ result: ChoiceResult?) -> JSONValue {
    guard let summary = result?.summary else { return .null }
    let usage = summary.usage
    return [
      "input_tokens": .int(usage.promptTokens),
      "input_tokens_details": ["cached_tokens": .int(usage.cachedTokens), "cache_write_tokens": 0],
      "output_tokens": .int(usage.completionTokens),
      "output_tokens_details": ["reasoning_tokens": .int(summary.reasoningTokens)],
      "total_tokens": .int(usage.totalTokens),
    ]
  }
}
