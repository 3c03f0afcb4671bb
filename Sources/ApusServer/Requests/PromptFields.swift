internal import Apus
internal import ApusJSON

extension RequestFields {
  /// How a conversation becomes a prompt, in the fields of OpenAI, vLLM and llama.cpp.
  func promptOptions() throws(Refusal) -> PromptOptions {
    var options = PromptOptions()
    options.thinking = try thinking()
    let continues = try bool("continue_final_message") ?? false
    let begins = try bool("add_generation_prompt")
    guard !continues || begins != true else {
      throw .invalid(
        "continue_final_message",
        "Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
    }
    options.continuesLastMessage = continues
    options.addsGenerationPrompt = begins ?? true
    options.variables = try members("chat_template_kwargs") ?? options.variables
    guard options.refusedVariable == nil else {
      throw .unsupported(parameter("chat_template_kwargs"), "a template variable that no known template reads")
    }
    return options
  }

  /// Whether the model is to think, by any of the names that this has.
  private func thinking() throws(Refusal) -> PromptOptions.Thinking? {
    let effort = try effort("reasoning_effort")
    let names = ["enable_thinking", "thinking"]
    let isOn = try only(names) { name throws(Refusal) in try switched(name) }
    guard effort == nil || isOn == nil || (effort == .off) != isOn else {
      throw .invalid("reasoning_effort", "reasoning_effort and enable_thinking contradict each other: give one of them")
    }
    if let effort { return effort }
    return isOn.map { $0 ? PromptOptions.Thinking.on : .off }
  }

  /// How much the model is to think, in a word.
  func effort(_ name: String = "effort") throws(Refusal) -> PromptOptions.Thinking? {
    guard let word = try string(name) else { return nil }
    guard let effort = PromptOptions.Thinking(effort: word) else {
      throw mismatch(name, "one of " + PromptOptions.Thinking.words.joined(separator: ", "))
    }
    return effort
  }

  /// A switch that is true or false, or an object with a `type` of `enabled` or `disabled`.
  private func switched(_ name: String) throws(Refusal) -> Bool? {
    guard case .object(let object)? = self[name] else { return try bool(name) }
    let fields = nested(object, name)
    switch try fields.string("type") {
    case "enabled", "adaptive": return true
    case "disabled": return false
    default: throw fields.mismatch("type", "\"enabled\" or \"disabled\"")
    }
  }
}

extension PromptOptions.Thinking {
  /// The words for an effort that OpenAI's API and others have.
  static let words = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

  /// The setting for one of `words`; templates know fewer.
  init?(effort: String) {
    switch effort {
    case "none": self = .off
    case "minimal", "low": self = .effort("low")
    case "medium": self = .effort("medium")
    case "high", "xhigh", "max": self = .effort("high")
    default: return nil
    }
  }
}
