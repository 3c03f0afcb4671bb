internal import Apus
internal import ApusChat
internal import ApusJSON

/// Writes answers in TGI's form: a frame for each token, or the whole text.
struct TGIEncoder: AnswerEncoder {
  let model: Model
  let prompt: [Token]
  /// What stands before the completion.
  let echo: String
  let hasDetails: Bool
  /// Whether the details tell how likely the prompt's tokens are.
  let hasPrefill: Bool
  /// The most likely tokens that are told beside each.
  let topCount: Int
  /// Whether the whole answer is a list of one.
  var isList = false

  /// A token that was not sent yet, as the last one has the end with it; and its text so far.
  private var held: (token: GeneratedToken, text: String)?
  private var text = ""
  private var index = 0

  init(
    model: Model, prompt: [Token], echo: String, hasDetails: Bool, hasPrefill: Bool, topCount: Int
  ) {
    (self.model, self.prompt, self.echo) = (model, prompt, echo)
    (self.hasDetails, self.hasPrefill, self.topCount) = (hasDetails, hasPrefill, topCount)
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    var said = TurnSummary()
    said.take(delta.events)
    text += said.content
    var bytes: [UInt8] = []
    for token in delta.tokens {
      bytes += release()
      held = (token, "")
    }
    // Of tokens whose text came together, the last one has it.
    held?.text += said.content
    return bytes
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    var bytes: [UInt8] = []
    if let end = result.summary?.endToken {
      bytes += release()
      held = (end, "")
    }
    let details = JSONValue.object(JSONObject(details(result)))
    return bytes + release([("generated_text", .string(echo + text)), ("details", details)])
  }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    let order = BestOf.order(choices)
    var reply: JSONMembers = [("generated_text", .string(echo + choices[order[0]].turn.content))]
    if hasDetails {
      var details = wholeDetails(choices[order[0]])
      if choices.count > 1 {
        details.append(
          (
            "best_of_sequences",
            .array(
              order.dropFirst().map { choice in
                let text = JSONValue.string(echo + choices[choice].turn.content)
                return .object(JSONObject([("generated_text", text)] + wholeDetails(choices[choice])))
              })
          ))
      }
      reply.append(("details", .object(JSONObject(details))))
    }
    let body = JSONValue.object(JSONObject(reply))
    return WholeReply(isList ? [body] : body)
  }

  /// The frame of the token that was held back; with the answer's end, where it is the last.
  private mutating func release(
    _ ending: JSONMembers = [("generated_text", .null), ("details", .null)]
  ) -> [UInt8] {
    guard let (token, text) = held else {
      // An answer without any token.
      let isEnd = ending.first?.1 != .null
      return isEnd
        ? Framing.events.frame(.object(JSONObject([("index", .int(index)), ("token", .null)] + ending))) : []
    }
    held = nil
    index += 1
    var members: JSONMembers = [
      ("index", .int(index)), ("token", .object(JSONObject(entry(token, text: isSpecial(token.id) ? nil : text)))),
    ]
    if topCount > 0 { members.append(("top_tokens", top(token))) }
    return Framing.events.frame(.object(JSONObject(members + ending)))
  }

  // MARK: Details

  private func details(_ result: ChoiceResult) -> JSONMembers {
    let ends = result.summary?.endToken == nil ? 0 : 1
    return [
      ("finish_reason", .string(Self.reason(result))),
      ("generated_tokens", .int((result.summary?.usage.completionTokens ?? 0) + ends)),
      ("seed", result.summary.map { Int(exactly: $0.seed).map(JSONValue.int) ?? .unsigned($0.seed) } ?? .null),
      ("input_length", .int(prompt.count)),
    ]
  }

  private func wholeDetails(_ result: ChoiceResult) -> JSONMembers {
    let tokens = result.tokens + (result.summary?.endToken.map { [$0] } ?? [])
    var members = details(result)
    members.append(("prefill", .array(hasPrefill ? prefill(result.summary) : [])))
    members.append(("tokens", .array(tokens.map { .object(JSONObject(entry($0, text: nil))) })))
    if topCount > 0 { members.append(("top_tokens", .array(tokens.map(top)))) }
    return members
  }

  /// The prompt's tokens; the first has no probability.
  private func prefill(_ summary: GenerationSummary?) -> [JSONValue] {
    prompt.enumerated().map { index, token in
      let score = index > 0 && index <= summary?.scores.count ?? 0 ? summary?.scores[index - 1].chosen : nil
      return [
        "id": .int(Int(token)), "text": .string(model.distinctText(of: token)),
        "logprob": score.map { .double($0.finiteLogProbability) } ?? .null,
      ]
    }
  }

  /// A token: with its own text, where no other is given.
  private func entry(_ token: GeneratedToken, text: String?) -> JSONMembers {
    [
      ("id", .int(Int(token.id))), ("text", .string(text ?? model.distinctText(of: token.id))),
      ("logprob", token.logProbabilities.map { .double($0.chosen.finiteLogProbability) } ?? .null),
      ("special", .bool(isSpecial(token.id))),
    ]
  }

  private func top(_ token: GeneratedToken) -> JSONValue {
    .array(
      (token.logProbabilities?.top.prefix(topCount) ?? []).map { entry in
        [
          "id": .int(Int(entry.token)), "text": .string(model.distinctText(of: entry.token)),
          "logprob": .double(entry.logProbability.finiteLogProbability), "special": .bool(isSpecial(entry.token)),
        ]
      })
  }

  /// Whether it is no text.
  private func isSpecial(_ token: Token) -> Bool {
    model.detokenize([token]).isEmpty && !model.bytes(of: token).isEmpty
  }

  /// How a completion ended, in TGI's words, and in ours where it has none.
  private static func reason(_ result: ChoiceResult) -> String {
    switch (result.end, result.summary?.stopReason) {
    case (.stop, .stopText?), (.stop, .stopToken?): "stop_sequence"
    case (.stop, _): "eos_token"
    default: result.end.rawValue
    }
  }
}
