internal import Apus
internal import ApusChat
internal import ApusJSON

/// Writes answers of `/api/generate` and `/api/chat`: a line for each piece, and one that says how it ended.
struct OllamaEncoder: AnswerEncoder {
  let answer: OllamaAnswer
  let model: Model
  let hasLogProbabilities: Bool
  /// The tokens from which a client may go on, so far; nil where it is told none.
  var context: [Token]?
  private var turn = TurnSummary()
  private var result: ChoiceResult?

  init(_ answer: OllamaAnswer, _ model: Model, hasLogProbabilities: Bool, context: [Token]? = nil) {
    self.answer = answer
    self.model = model
    self.hasLogProbabilities = hasLogProbabilities
    self.context = context
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    turn.take(delta.events)
    context?.append(contentsOf: delta.tokens.map(\.id))
    var (content, reasoning, calls) = ("", "", [JSONValue]())
    for event in delta.events {
      switch event {
      case .content(let text): content += text
      case .reasoning(let text): reasoning += text
      // Clients take a call as a whole.
      case .callEnds(let index) where turn.calls.indices.contains(index):
        calls.append(OllamaAnswer.call(turn.calls[index], number: index))
      case .callBegins, .callArguments, .callEnds: break
      }
    }
    let listed = logProbabilities(delta.tokens)
    guard !content.isEmpty || !reasoning.isEmpty || !calls.isEmpty || !listed.isEmpty else { return [] }
    return Framing.lines.frame(answer.piece(content: content, reasoning: reasoning, calls: calls, listed))
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    // Where the stream fails, its last line is the error.
    self.result = result
    return []
  }

  func finish(_ usage: UsageCount) -> [UInt8] {
    guard let result else { return Framing.lines.frame(answer.loaded) }
    return Framing.lines.frame(end(result, saying: TurnSummary(), []))
  }

  mutating func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    guard let result = choices.first else { return WholeReply(answer.loaded) }
    context?.append(contentsOf: result.tokens.map(\.id))
    return WholeReply(end(result, saying: result.turn, logProbabilities(result.tokens)))
  }

  private func end(_ result: ChoiceResult, saying turn: TurnSummary, _ more: JSONMembers) -> JSONValue {
    var members = more
    if let context {
      // With the token that ended it, so that what is asked next is not taken for more of the answer.
      let tokens = context + (result.summary?.endToken.map { [$0.id] } ?? [])
      members.append(("context", .array(tokens.map { .int(Int($0)) })))
    }
    return answer.end(turn, reason: result.end.rawValue, members + answer.clock.durations(result.summary))
  }

  private func logProbabilities(_ tokens: [GeneratedToken]) -> JSONMembers {
    guard hasLogProbabilities, !tokens.isEmpty else { return [] }
    return [("logprobs", .array(model.listed(tokens)))]
  }
}
