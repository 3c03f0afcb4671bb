package import ApusTokenizers

/// How a model's messages become a prompt.
package struct ChatFormat: Sendable {
  /// The text of BOS, which a template may write itself.
  let beginningText: String?
  private let endText: String?
  private let template: Result<ChatTemplate, ApusError>
  private let localTime: @Sendable () -> TemplateClock?

  /// The format that most chat models without a template of their own were trained with.
  private static let chatML = """
    {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

  /// The format of a model with this template; without one it is ChatML where the vocabulary has its tokens, else nil.
  package init?(template source: String?, _ vocabulary: Vocabulary, localTime: @escaping @Sendable () -> TemplateClock?)
  {
    let knowsChatML = ["<|im_start|>", "<|im_end|>"].allSatisfy { vocabulary.token(of: $0) != nil }
    guard let source = source ?? (knowsChatML ? Self.chatML : nil) else { return nil }
    template = Result { () throws(TemplateError) in try ChatTemplate(source: source) }
      .mapError { .chatTemplate(reason: $0.description) }
    beginningText = vocabulary.text(of: .beginningOfSequence)
    endText = vocabulary.text(of: .endOfSequence)
    self.localTime = localTime
  }

  /// Whether the template could be compiled.
  package var isUsable: Bool { if case .success = template { true } else { false } }

  /// The prompt for these messages, in which only what the template wrote may become control tokens.
  package func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws(ApusError) -> PromptText {
    let template = try template.get()
    let values = messages.map { message in
      JSONValue.object(
        JSONObject([("role", .string(message.role.rawValue)), ("content", .string(message.content))]))
    }
    do throws(TemplateError) {
      return try template.render(
        messages: .array(values), addGenerationPrompt: addGenerationPrompt, bosToken: beginningText,
        eosToken: endText, clock: localTime())
    } catch {
      throw .chatTemplate(reason: error.description)
    }
  }
}

extension Vocabulary {
  /// The text of the token with the role `role`; nil if there is none.
  fileprivate func text(of role: SpecialToken) -> String? {
    self[role].map { String(decoding: texts[Int($0)], as: UTF8.self) }
  }
}
