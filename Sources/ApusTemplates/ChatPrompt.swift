package import ApusJSON
package import ApusText

extension ChatTemplate {
  /// The variables that a request may set besides the conversation: those that known templates read.
  package static let requestVariables: Set<String> = [
    "add_vision_id", "builtin_tools", "citation_mode", "controls", "custom_tools", "date_string", "documents",
    "enable_thinking", "keep_past_thinking", "model_identity", "preserve_thinking", "reasoning_effort",
    "response_format", "thinking", "thinking_budget", "tool_choice", "tools_in_user_message", "today_date",
    "xml_tools",
  ]

  /// The first of these variables that a request may not set, or nil.
  package static func refusedVariable(in variables: [(name: String, value: JSONValue)]) -> String? {
    variables.first { !requestVariables.contains($0.name) }?.name
  }

  /// Renders a conversation into the prompt for a model.
  ///
  /// `messages` is an array of objects with `role` and `content`. `tools` is an array of tool definitions; without any
  /// it is None, as in transformers. `variables` come from a request: only `requestVariables` are let through, and
  /// template text never comes from a request.
  package func render(
    messages: JSONValue, tools: JSONValue? = nil, addGenerationPrompt: Bool, bosToken: String? = nil,
    eosToken: String? = nil, variables: [(name: String, value: JSONValue)] = [], clock: TemplateClock? = nil,
    steps: Int? = nil, shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(TemplateError) -> PromptText {
    guard case .array = messages else { throw .runtime("the messages must be an array") }
    if let name = Self.refusedVariable(in: variables) {
      let shown = name.shortened(toByteCount: 64, mark: "...")
      throw .runtime("the template variable '\(shown)' is not one that a request may set")
    }
    var context: [(name: String, value: JSONValue)] = [
      ("messages", messages), ("tools", tools ?? .null), ("add_generation_prompt", .bool(addGenerationPrompt)),
    ]
    if let bosToken { context.append(("bos_token", .string(bosToken))) }
    if let eosToken { context.append(("eos_token", .string(eosToken))) }
    return try render(context + variables, clock: clock, steps: steps, shouldStop: shouldStop)
  }
}
