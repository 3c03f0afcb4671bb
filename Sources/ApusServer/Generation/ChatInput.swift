internal import Apus
internal import ApusJSON

/// What a chat request of any dialect wants.
struct ChatInput: Sendable {
  let messages: [ChatMessage]
  var tools = ToolUse()
  let options: GenerationOptions
  /// Answers that are wanted.
  var count = 1

  /// The prompt's tokens, whether they fit or not; and whether the answer begins within the model's reasoning.
  func prompt(_ setting: JobSetting) throws(ApusError) -> (tokens: [Token], startsInReasoning: Bool) {
    try setting.model.chatTurn(messages, tools: tools.definitions, shouldStop: setting.shouldStop)
  }

  /// The work that this is; throws where the prompt cannot be made or does not fit.
  func plan(_ setting: JobSetting) throws(ApusError) -> GenerationPlan {
    let prompt = try prompt(setting)
    try setting.model.engine.configuration.checkRoom(forPrompt: prompt.tokens.count, completion: options.maxTokens)
    var plan = GenerationPlan(lease: setting.lease, prompts: [prompt.tokens], count: count, options: options)
    plan.shownTokens = setting.model.turnMarks
    plan.reading = TurnReading(tools: tools, startsInReasoning: prompt.startsInReasoning)
    return plan
  }
}
