internal import ApusJSON
package import ApusTemplates
internal import ApusText

/// How a chat template takes conversations with tools, calls and reasoning, and what it leaves out.
///
/// Found once per model.
package struct ConversationForm: Sendable, Equatable {
  /// Where a template looks for the tools.
  enum ToolsPlace: Sendable, Equatable {
    /// In the variable `tools`.
    case variable
    /// As JSON text in the variable `functions`.
    case functions
    /// As JSON text in the system message's `tools`.
    case systemMessage
    /// Nowhere: we tell the model of them in the system message.
    case text
  }

  /// What a template calls the reasoning of a message.
  enum Reasoning: Sendable, Equatable {
    /// As the request does, or not at all.
    case asGiven
    /// `thinking`; a message that calls tools has no content beside it.
    case thinking
    /// A part of the content.
    case parts
  }

  /// How messages with calls look.
  var calls = TemplateProbe.Form()
  var toolsPlace = ToolsPlace.variable
  var reasoning = Reasoning.asGiven
  /// Whether messages of the system are taken.
  var takesSystem = true
  /// Whether calls and their results are taken, where the template knows no tools.
  var takesResults = true
  /// How calls are written, where we must do it.
  var syntax: CallSyntax?

  /// Finds the form by rendering a few short conversations, bounded as every rendering is.
  package init(
    _ format: TurnFormat, source: String, template: ChatTemplate, beginning: String? = nil, end: String? = nil
  ) {
    let probe = TemplateProbe(template: template, beginning: beginning, end: end)
    calls = probe.callForm
    toolsPlace = probe.toolsPlace
    reasoning = probe.reasoning(calls)
    takesSystem = probe.takesSystem
    syntax = format.calls.first
    if toolsPlace == .text { takesResults = probe.takesResults(calls) }
  }
}

extension TemplateProbe {
  private static let system: JSONValue = ["role": "system", "content": "apussystem"]
  private static let result: JSONValue = [
    "role": "tool", "tool_call_id": "apusid001", "name": "apusfirst", "content": "apusresult",
  ]
  private static let thought = "apusthought"

  /// The form of messages with calls in which they are written as they should be.
  fileprivate var callForm: Form {
    let written = Form.all.filter { form in
      guard
        let prompt = render([Self.user, Self.calls([Word.first], form)], tools: Self.tools, addGenerationPrompt: false)
      else { return false }
      return prompt.contains(Word.value) && !prompt.contains("None") && !prompt.contains("\\\"\(Word.key)")
        && !prompt.contains("'\(Word.key)'")
    }
    if let form = written.first { return form }
    let base = render([Self.user, Self.answer], tools: Self.tools, addGenerationPrompt: false) ?? ""
    return Form.all.first { form in
      let prompt = render([Self.user, Self.calls([Word.first], form)], tools: Self.tools, addGenerationPrompt: false)
      return prompt.map { !$0.contains("None") || base.contains("None") } ?? false && !isNullPrinted(form)
    } ?? Form(hasEmptyContent: true)
  }

  /// Whether `null` stands where the content would.
  private func isNullPrinted(_ form: Form) -> Bool {
    guard !form.hasEmptyContent else { return false }
    var empty = form
    empty.hasEmptyContent = true
    let prompts = [form, empty].map {
      render([Self.user, Self.calls([Word.first], $0)], tools: Self.tools, addGenerationPrompt: false)
    }
    return prompts[0] != prompts[1] && prompts[1] != nil
  }

  fileprivate var toolsPlace: ConversationForm.ToolsPlace {
    func shows(_ prompt: String?) -> Bool { prompt?.contains(Word.description) ?? false }
    if shows(render([Self.user], tools: Self.tools, addGenerationPrompt: true)) { return .variable }
    let text = JSONValue.array(Self.tools).text
    var variables: [(name: String, value: JSONValue)] = [
      ("messages", [Self.user]), ("add_generation_prompt", true), ("functions", .string(text)),
      ("datetime", "Jul 26 2024"),
    ]
    variables += [("bos_token", beginning), ("eos_token", end)].compactMap { name, text in
      text.map { (name, .string($0)) }
    }
    if shows(try? template.render(variables, steps: Self.steps).string) { return .functions }
    let system: JSONValue = ["role": "system", "content": "apussystem", "tools": .string(text)]
    return shows(render([system, Self.user], addGenerationPrompt: true)) ? .systemMessage : .text
  }

  fileprivate func reasoning(_ form: Form) -> ConversationForm.Reasoning {
    func shows(_ change: (inout JSONObject) -> Void) -> Bool {
      guard case .object(var call) = Self.calls([Word.first], form) else { return false }
      change(&call)
      let prompt = render([Self.user, .object(call), Self.result], tools: Self.tools, addGenerationPrompt: true)
      // A part that is printed as it is, is not understood.
      return prompt.map { $0.contains(Self.thought) && !$0.contains("\"thinking\"") && !$0.contains("'thinking'") }
        ?? false
    }
    if shows({ $0["reasoning_content"] = .string(Self.thought) }) { return .asGiven }
    if shows({ $0["thinking"] = .string(Self.thought) }) { return .thinking }
    let part: JSONValue = ["type": "thinking", "thinking": .string(Self.thought)]
    return shows({ $0["content"] = [part] }) ? .parts : .asGiven
  }

  fileprivate var takesSystem: Bool {
    // Some templates want tools.
    [nil, Self.tools].contains { tools in
      render([Self.system, Self.user], tools: tools, addGenerationPrompt: true)?.contains("apussystem") ?? false
    }
  }

  fileprivate func takesResults(_ form: Form) -> Bool {
    let prompt = render([Self.user, Self.answer, Self.result], addGenerationPrompt: true)
    return prompt?.contains("apusresult") ?? false
  }
}
