internal import Apus
internal import ApusChat
internal import ApusJSON

/// What a chat request of any dialect wants.
struct ChatInput: Sendable {
  let messages: [ChatMessage]
  var tools = ToolUse()
  let options: GenerationOptions
  /// Tokens of an earlier conversation, which stand before it.
  var before: [Token] = []
  /// How the messages become a prompt.
  var form = PromptOptions()
  /// Answers that are wanted.
  var count = 1
  /// Which tokens they may have.
  var rules = TokenRules()
  /// How much of the prompt is kept; nil keeps all.
  var cut: PromptCut?
  /// Whether the text that ends an answer is told as its end.
  var tellsStop = false
  /// The name of the field that has the options' constraint.
  var constraintField: String?
  /// A text that the answer is expected to be like.
  var prediction: String?

  /// The prompt's tokens, whether they fit or not; and whether the answer begins within the model's reasoning.
  func prompt(_ setting: JobSetting) throws(ApusError) -> (tokens: [Token], startsInReasoning: Bool) {
    if cut == nil { try checkLength(setting) }
    let turn = try setting.model.chatTurn(
      before.isEmpty ? setting.conversation(messages) : messages, tools: tools.definitions, options: form,
      shouldStop: setting.shouldStop)
    let tokens = setting.model.joined(before, turn.tokens)
    return (cut?.kept(tokens) ?? tokens, turn.startsInReasoning)
  }

  /// Bytes of a chat's texts for which no template is run, as these make no texts that are larger.
  private static let longestText = ChatManner.promptByteLimit - (64 << 10)
  /// Bytes of which the tokens are counted at a time.
  private static let countedByteCount = 64 << 10

  /// Throws where the texts alone of a very long chat have more tokens than fit: of these, only as many are counted as
  /// show that.
  private func checkLength(_ setting: JobSetting) throws(ApusError) {
    let texts = messages.flatMap { [$0.content, $0.reasoning ?? ""] + $0.toolCalls.map(\.arguments) }
    guard texts.reduce(0, { $0 + $1.utf8.count }) > Self.longestText else { return }
    var count = 0
    for text in texts {
      for piece in Self.pieces(of: text) {
        count += try setting.model.promptTokens(
          piece, addSpecial: false, parseSpecial: false, shouldStop: setting.shouldStop
        ).count
        try setting.model.engine.configuration.checkRoom(forPrompt: count, completion: options.maxTokens)
      }
    }
  }

  /// A text in pieces of whole characters of Unicode.
  private static func pieces(of text: String) -> [String] {
    let bytes = Array(text.utf8)
    var (pieces, start): ([String], Int) = ([], 0)
    while start < bytes.count {
      var end = min(start + countedByteCount, bytes.count)
      while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end -= 1 }
      pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
      start = end
    }
    return pieces
  }

  /// The work that this is; throws where the prompt cannot be made or does not fit.
  func plan(_ setting: JobSetting) throws(ApusError) -> GenerationPlan {
    let prompt = try prompt(setting)
    var plan = GenerationPlan(setting, prompts: [prompt.tokens], count: count, options: options)
    try plan.checkRoom()
    plan.options.thinkingBudget = form.thinkingLimit
    if let prediction, !prediction.isEmpty {
      plan.options.prediction = try setting.model.promptTokens(
        prediction, addSpecial: false, parseSpecial: false, shouldStop: setting.shouldStop)
    }
    plan.rules = rules
    plan.tellsStop = tellsStop
    plan.constraintField = constraintField
    plan.shownTokens = setting.model.turnMarks
    let turn = try setting.model.turnConstraint(
      tools: tools.definitions, choice: tools.choice, allowsSeveral: tools.allowsSeveral, answer: options.constraint)
    plan.reading = TurnReading(turn: turn, startsInReasoning: prompt.startsInReasoning)
    return plan
  }
}

extension Model {
  /// Two pieces of one text: what only a text's beginning has is left out of the second.
  func joined(_ first: [Token], _ second: [Token]) -> [Token] {
    let isBeginning = second.first != nil && second.first == tokenize("").first
    return first.isEmpty ? second : first + (isBeginning ? second.dropFirst() : second[...])
  }
}
