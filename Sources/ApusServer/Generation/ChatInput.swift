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
  /// Tokens of the prompt's end that are kept; nil keeps all.
  var keptTokens: Int?
  /// The name of the field that has the options' constraint.
  var constraintField: String?
  /// A text that the answer is expected to be like.
  var prediction: String?

  /// The prompt's tokens, whether they fit or not; and whether the answer begins within the model's reasoning.
  func prompt(_ setting: JobSetting) throws(ApusError) -> (tokens: [Token], startsInReasoning: Bool) {
    let turn = try setting.model.chatTurn(
      messages, tools: tools.definitions, options: form, shouldStop: setting.shouldStop)
    let tokens = setting.model.joined(before, turn.tokens)
    return (keptTokens.map { Array(tokens.suffix($0)) } ?? tokens, turn.startsInReasoning)
  }

  /// The work that this is; throws where the prompt cannot be made or does not fit.
  func plan(_ setting: JobSetting) throws(ApusError) -> GenerationPlan {
    let prompt = try prompt(setting)
    try setting.model.engine.configuration.checkRoom(forPrompt: prompt.tokens.count, completion: options.maxTokens)
    var options = options
    options.thinkingBudget = form.thinkingLimit
    if let prediction, !prediction.isEmpty {
      options.prediction = try setting.model.promptTokens(
        prediction, addSpecial: false, parseSpecial: false, shouldStop: setting.shouldStop)
    }
    var plan = GenerationPlan(lease: setting.lease, prompts: [prompt.tokens], count: count, options: options)
    plan.rules = rules
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
