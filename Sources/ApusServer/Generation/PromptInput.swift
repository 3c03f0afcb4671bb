internal import Apus

/// What a request wants answered: a chat, or a text that goes on.
protocol PromptInput: Sendable {
  /// The prompt's tokens, whether they fit or not.
  func tokens(_ setting: JobSetting) throws(ApusError) -> [Token]
  /// The work that this is; throws where the prompt cannot be made or does not fit.
  func plan(_ setting: JobSetting) throws(ApusError) -> GenerationPlan
}

extension ChatInput: PromptInput {
  func tokens(_ setting: JobSetting) throws(ApusError) -> [Token] { try prompt(setting).tokens }
}

/// A text that goes on, as the client has written it.
struct RawInput: PromptInput {
  let text: String
  let options: GenerationOptions
  /// Tokens of what was said before it.
  var before: [Token] = []
  /// Completions that are wanted.
  var count = 1

  func tokens(_ setting: JobSetting) throws(ApusError) -> [Token] {
    setting.model.joined(before, try setting.model.rawPrompt(text, setting.shouldStop).tokens)
  }

  func plan(_ setting: JobSetting) throws(ApusError) -> GenerationPlan {
    let plan = GenerationPlan(setting, prompts: [try tokens(setting)], count: count, options: options)
    try plan.checkRoom()
    return plan
  }
}
