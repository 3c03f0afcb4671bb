internal import Apus
internal import ApusChat
internal import ApusJSON

/// Writes answers of llama.cpp's generating paths.
struct LlamaEncoder: AnswerEncoder {
  /// What an answer has because the request asks for it.
  struct Shown: Sendable {
    let tokens: Bool
    let progress: Bool
    /// The members of the whole answer, `a/b` for one within another; none is all.
    let members: [String]
  }

  struct Prompt: Sendable {
    let text: String
    let count: Int
  }

  let model: Model
  let name: String
  let shown: Shown
  let settings: JSONValue
  let prompts: [Prompt]
  /// Completions of each prompt.
  let count: Int
  /// Whether the whole answer is a list, even of one.
  let isList: Bool
  /// Tokens of each choice so far.
  private var predicted: [Int: Int] = [:]

  init(
    model: Model, name: String, shown: Shown, settings: JSONValue, prompts: [Prompt], count: Int, isList: Bool
  ) {
    (self.model, self.name, self.shown, self.settings) = (model, name, shown, settings)
    (self.prompts, self.count, self.isList) = (prompts, count, isList)
  }

  mutating func progress(_ choice: Int, _ progress: PromptProgress) -> [UInt8] {
    guard shown.progress else { return [] }
    let told: JSONValue = [
      "total": .int(progress.total), "cache": .int(progress.cached), "processed": .int(progress.processed),
    ]
    return frame(choice, AnswerDelta(events: [], tokens: []), [("prompt_progress", told)])
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    guard !delta.events.isEmpty || !delta.tokens.isEmpty else { return [] }
    return frame(choice, delta, [])
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    Framing.events.frame(final(choice, content: "", tokens: [], result))
  }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    let all = choices.enumerated().map { choice, result in
      final(choice, content: result.turn.content, tokens: result.tokens, result)
    }
    return WholeReply(isList ? .array(all) : all[0])
  }

  private mutating func frame(_ choice: Int, _ delta: AnswerDelta, _ more: JSONMembers) -> [UInt8] {
    var said = TurnSummary()
    said.take(delta.events)
    predicted[choice, default: 0] += delta.tokens.count
    let members: JSONMembers = [
      ("index", .int(choice)), ("content", .string(said.content)), ("tokens", ids(delta.tokens)), ("stop", false),
      ("id_slot", -1), ("tokens_predicted", .int(predicted[choice, default: 0])),
      ("tokens_evaluated", .int(prompts[choice / count].count)),
    ]
    return Framing.events.frame(.object(JSONObject(members + probabilities(delta.tokens) + more)))
  }

  /// What is told at the end of a choice; of one that is sent as a whole that is all.
  private func final(
    _ choice: Int, content: String, tokens: [GeneratedToken], _ result: ChoiceResult
  ) -> JSONValue {
    let (prompt, usage) = (prompts[choice / count], result.summary?.usage)
    var settings = settings
    if let summary = result.summary, case .object(var members) = settings {
      members["seed"] = summary.seed <= UInt64(Int.max) ? .int(Int(summary.seed)) : .unsigned(summary.seed)
      settings = .object(members)
    }
    var members: JSONMembers = [
      ("index", .int(choice)), ("content", .string(content)), ("tokens", shown.tokens ? ids(tokens) : []),
      ("id_slot", -1), ("stop", true), ("model", .string(name)),
      ("tokens_predicted", .int(usage?.completionTokens ?? 0)), ("tokens_evaluated", .int(prompt.count)),
      ("generation_settings", settings), ("prompt", .string(prompt.text)),
      ("has_new_line", .bool(result.turn.content.utf8.contains(UInt8(ascii: "\n")))), ("truncated", false),
    ]
    members += LlamaEnding.members(result) + [("tokens_cached", .int(usage?.totalTokens ?? 0))]
    if let summary = result.summary { members.append(("timings", LlamaTimings.json(summary))) }
    return picked(JSONObject(members + probabilities(tokens)))
  }

  /// What the request wants of a whole answer.
  private func picked(_ all: JSONObject) -> JSONValue {
    guard !shown.members.isEmpty else { return .object(all) }
    var picked = JSONObject()
    for path in shown.members {
      let keys = path.split(separator: "/").map(String.init)
      let value = keys.reduce(JSONValue.object(all) as JSONValue?) { $0?[$1] }
      if let value, let key = keys.last { picked[key] = value }
    }
    return .object(picked)
  }

  private func ids(_ tokens: [GeneratedToken]) -> JSONValue { .array(tokens.map { .int(Int($0.id)) }) }

  private func probabilities(_ tokens: [GeneratedToken]) -> JSONMembers {
    let entries = tokens.compactMap { token -> JSONValue? in
      guard let values = token.logProbabilities else { return nil }
      var entry = JSONObject(self.entry(token.id, values.chosen))
      entry["top_logprobs"] = .array(values.top.map { .object(JSONObject(self.entry($0.token, $0.logProbability))) })
      return .object(entry)
    }
    return entries.isEmpty ? [] : [("completion_probabilities", .array(entries))]
  }

  private func entry(_ token: Token, _ logProbability: Double) -> JSONMembers {
    [("id", .int(Int(token)))] + model.entry(token, logProbability)
  }
}

/// How a completion ended, in llama.cpp's words, and in ours where it has none.
enum LlamaEnding {
  static func members(_ result: ChoiceResult) -> JSONMembers {
    let (kind, word): (String, String) =
      switch (result.end, result.summary?.stopReason) {
      case (.stop, .stopText(let text)?): ("word", text)
      case (.stop, _): ("eos", "")
      case (.length, _): ("limit", "")
      default: (result.end.rawValue, "")
      }
    return [("stop_type", .string(kind)), ("stopping_word", .string(word))]
  }
}

/// The tokens and times of a completion, as llama.cpp tells them.
enum LlamaTimings {
  static func json(_ summary: GenerationSummary) -> JSONValue {
    let (usage, timings) = (summary.usage, summary.timings)
    let (computed, predicted) = (usage.promptTokens - usage.cachedTokens, usage.completionTokens)
    let (prefill, decode) = (timings.prefill / .milliseconds(1), timings.decode / .milliseconds(1))
    func each(_ time: Double, _ count: Int) -> JSONValue { .double(count > 0 ? time / Double(count) : 0) }
    func rate(_ count: Int, _ time: Double) -> JSONValue { .double(time > 0 ? Double(count) * 1000 / time : 0) }
    var members: JSONMembers = [
      ("cache_n", .int(usage.cachedTokens)), ("prompt_n", .int(computed)), ("prompt_ms", .double(prefill)),
      ("prompt_per_token_ms", each(prefill, computed)), ("prompt_per_second", rate(computed, prefill)),
      ("predicted_n", .int(predicted)), ("predicted_ms", .double(decode)),
      ("predicted_per_token_ms", each(decode, predicted)), ("predicted_per_second", rate(predicted, decode)),
    ]
    if summary.proposedTokens > 0 {
      members += [("draft_n", .int(summary.proposedTokens)), ("draft_n_accepted", .int(summary.acceptedTokens))]
    }
    return .object(JSONObject(members))
  }
}
