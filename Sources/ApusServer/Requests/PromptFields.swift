internal import Apus
internal import ApusJSON

extension RequestFields {
  /// How a conversation becomes a prompt, in the fields of OpenAI, vLLM and llama.cpp.
  func promptOptions() throws(Refusal) -> PromptOptions {
    var options = PromptOptions()
    (options.thinking, options.thinkingBudget) = try thinking()
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
    if options.thinking == nil, case .bool(let isOn)? = options.variables["enable_thinking"] {
      options.thinking = isOn ? .on : .off
    }
    guard options.refusedVariable == nil else {
      throw .unsupported(parameter("chat_template_kwargs"), "a template variable that no known template reads")
    }
    return options
  }

  /// Whether the model is to think, and how many tokens at most, by any of the names that this has.
  func thinking() throws(Refusal) -> (PromptOptions.Thinking?, budget: Int?) {
    let effort = try effort("reasoning_effort")
    var budget = try only(Self.budgets) { name throws(Refusal) in try int(name, in: -1...Int.max) }
    let isOn = try only(["enable_thinking", "thinking", "reasoning_config"]) { name throws(Refusal) -> Bool? in
      guard let (isOn, tokens) = try switched(name) else { return nil }
      guard budget == nil || tokens == nil || budget == tokens else {
        throw .invalid(name, "\(name).budget_tokens and another field say how much to think: give one of them")
      }
      budget = budget ?? tokens
      return isOn
    }
    guard effort == nil || isOn == nil || (effort == .off) != isOn else {
      throw .invalid("reasoning_effort", "reasoning_effort and enable_thinking contradict each other: give one of them")
    }
    let limit = budget == -1 ? nil : budget
    if let effort { return (effort, limit) }
    return (isOn.map { $0 ? PromptOptions.Thinking.on : .off }, limit)
  }

  /// Names of the most tokens that may be thought, −1 for any number: vLLM's, Qwen's, and those of llama.cpp.
  private static let budgets = [
    "thinking_token_budget", "thinking_budget", "reasoning_budget_tokens", "thinking_budget_tokens",
  ]

  /// How much the model is to think, in a word.
  func effort(_ name: String = "effort") throws(Refusal) -> PromptOptions.Thinking? {
    guard let word = try string(name) else { return nil }
    guard let effort = PromptOptions.Thinking(effort: word) else {
      throw mismatch(name, "one of " + PromptOptions.Thinking.words.joined(separator: ", "))
    }
    return effort
  }

  /// A switch that is true or false, or an object whose `type` says whether it is on, perhaps with a budget of `least` tokens
  /// or more.
  func switched(_ name: String, least: Int = 0) throws(Refusal) -> (isOn: Bool, budget: Int?)? {
    guard case .object(let object)? = self[name] else { return try bool(name).map { ($0, nil) } }
    let fields = nested(object, name)
    let budget = try fields.int("budget_tokens", in: least...Int.max)
    switch try fields.string("type") {
    case "enabled", "adaptive", "between_tools": return (true, budget)
    case "disabled": return (false, nil)
    default: throw fields.mismatch("type", "\"enabled\", \"disabled\", \"adaptive\" or \"between_tools\"")
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
