package import ApusChat
package import ApusJSON
package import ApusModels
package import ApusTemplates
package import ApusText
package import ApusTokenizers

/// How a model's messages become a prompt.
package struct ChatFormat: Sendable {
  /// The text of BOS, which a template may write itself.
  let beginningText: String?
  private let endText: String?
  /// The template as text; nil where it is of no use.
  let source: String?
  private var template: Result<ChatTemplate, ApusError>
  private let localTime: @Sendable () -> TemplateClock?
  /// How the template treats messages.
  private var traits = TemplateTraits()
  /// How it takes conversations with tools, and how its model writes a turn.
  private var form: ConversationForm?
  package private(set) var turns = TurnFormat()

  /// The format that most chat models without a template of their own were trained with.
  package static let chatML = """
    {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

  /// The format of a model with this template; without one it is ChatML where the vocabulary has its tokens, else nil.
  ///
  /// Renders a few short conversations, bounded as every rendering is, to see whether the template keeps what is said.
  package init?(
    template source: ChatTemplateSource, _ vocabulary: Vocabulary, localTime: @escaping @Sendable () -> TemplateClock?
  ) {
    beginningText = vocabulary.text(of: .beginningOfSequence)
    endText = vocabulary.text(of: .endOfSequence)
    self.localTime = localTime
    switch source {
    case .text(let text): (template, self.source) = (Self.compile(text), text)
    case .absent, .blank:
      guard source.isReplacedByChatML(vocabulary) else { return nil }
      (template, self.source) = (Self.compile(Self.chatML), Self.chatML)
    case .onlyNamed(let names):
      let list = names.map { $0.prefix(40) }.prefix(8).joined(separator: ", ")
      template = .failure(.cannotChat("the model file has chat templates for special uses only (\(list))"))
      self.source = nil
    case .unreadable(let reason): (template, self.source) = (.failure(.cannotChat(reason)), nil)
    }
    probeTemplate()
  }

  private static func compile(_ text: String) -> Result<ChatTemplate, ApusError> {
    Result { () throws(TemplateError) in try ChatTemplate(source: text) }.mapError { .cannotChat($0.description) }
  }

  /// Far more than a template needs for a short conversation, and little time.
  private static let probeSteps = 100_000

  private mutating func probeTemplate() {
    let format = self
    guard case .success(let template) = template, let source else { return }
    do throws(ApusError) {
      traits = try TemplateTraits(of: { messages, traits throws(TemplateError) in
        try format.rendering(
          of: messages, by: template, traits, steps: Self.probeSteps
        ).string
      })
    } catch {
      self.template = .failure(error)
      return
    }
    turns = TurnFormat(source: source, template: template, beginning: beginningText, end: endText)
    form = ConversationForm(turns, source: source, template: template, beginning: beginningText, end: endText)
  }

  /// Whether messages can become a prompt, as far as can be told without them.
  package var support: ChatSupport {
    switch template {
    case .success: .supported
    case .failure(let error): .refused(reason: error.description)
    }
  }

  /// The roles whose messages the template leaves out; a conversation with one is refused.
  package var droppedRoles: [String] { traits.droppedRoles.map(\.rawValue).sorted() }

  /// The prompt for these messages, in which only what the template wrote may become control tokens.
  ///
  /// `tools` are the definitions of tools in the form of OpenAI's API. Where the template does not tell the model of them,
  /// the system message does.
  ///
  /// Throws where the template refuses them, or leaves out what one of them says, and soon after `shouldStop` says so.
  package func render(
    _ messages: [ChatMessage], tools: [JSONValue] = [], options: PromptOptions = PromptOptions(),
    shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(ApusError) -> PromptText {
    let template = try template.get()
    try traits.check(messages)
    let prompt: PromptText
    do throws(TemplateError) {
      prompt = try rendering(
        of: messages, tools, by: template, traits, options: options, shouldStop: shouldStop)
    } catch {
      throw error.kind == .stopped ? .stopped : .chatTemplate(reason: error.description)
    }
    if let index = firstDropped(of: messages, in: prompt.string) {
      throw .chatTemplate(
        reason: "the chat template leaves out what message \(index + 1) of \(messages.count) says "
          + "(\(messages[index].role.rawValue.prefix(40))): leave that message out, or say it in another one")
    }
    guard options.continuesLastMessage else { return prompt }
    guard let open = prompt.upToEnd(of: messages.last?.content ?? "") else {
      throw .chatTemplate(reason: "the last message cannot be continued: it has no text that stands last in the prompt")
    }
    return open
  }

  private func rendering(
    of messages: [ChatMessage], _ tools: [JSONValue] = [], by template: ChatTemplate, _ traits: TemplateTraits,
    options: PromptOptions = PromptOptions(), steps: Int? = nil, shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(TemplateError) -> PromptText {
    let (values, clock) = (messages.map(traits.value), localTime())
    var variables = form?.variables(messages: values, tools: tools, clock: clock) ?? [("messages", .array(values))]
    // As in transformers, tools are None where there are none.
    if !variables.contains(where: { $0.name == "tools" }) { variables.append(("tools", .null)) }
    variables.append(
      ("add_generation_prompt", .bool(options.addsGenerationPrompt && !options.continuesLastMessage)))
    if let beginningText { variables.append(("bos_token", .string(beginningText))) }
    if let endText { variables.append(("eos_token", .string(endText))) }
    variables += options.templateVariables
    return try template.render(variables, clock: clock, steps: steps, shouldStop: shouldStop)
  }
}

extension ApusError {
  /// The error that no conversation can become a prompt, for this reason.
  static func cannotChat(_ reason: String) -> ApusError { .chatTemplate(reason: "this model cannot chat: \(reason)") }
}

extension Vocabulary {
  /// The text of the token with the role `role`; nil if there is none.
  fileprivate func text(of role: SpecialToken) -> String? {
    self[role].map { String(decoding: texts[Int($0)], as: UTF8.self) }
  }
}
