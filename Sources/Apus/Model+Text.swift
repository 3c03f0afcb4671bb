internal import ApusTokenizers

extension Model {
  /// The tokens of `text`; never fails.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - addSpecial: Whether BOS and EOS are added where the model wants them.
  ///   - parseSpecial: Whether names of control tokens in `text` become those tokens: only for text that writes the
  ///     model's format itself. To answer messages, use `chat`, in which they stay text.
  /// - Returns: The tokens.
  public func tokenize(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false) -> [Token] {
    tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
  }

  /// The text of `tokens`; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary nothing.
  public func detokenize(_ tokens: [Token], renderSpecial: Bool = false) -> String {
    String(decoding: tokenizer.decode(tokens, renderSpecial: renderSpecial), as: UTF8.self)
  }

  /// The bytes of one token as it stands within a text, which may be part of a character.
  public func bytes(of token: Token) -> [UInt8] { tokenizer.piece(of: token, renderSpecial: true) }

  /// The prompt that the model's chat template makes of `messages`.
  ///
  /// The text no longer tells what a message said from what the template wrote: to answer messages, pass the messages.
  ///
  /// - Parameters:
  ///   - messages: The conversation.
  ///   - addGenerationPrompt: Whether the beginning of the model's answer is added.
  /// - Returns: The prompt as text.
  /// - Throws: `ApusError.noChatTemplate`, or `ApusError.chatTemplate` where the template refuses the messages.
  public func renderChat(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = true
  ) throws(ApusError) -> String {
    try chatPrompt(messages, addGenerationPrompt: addGenerationPrompt).string
  }

  private func chatPrompt(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws(ApusError) -> PromptText {
    guard let chatFormat else { throw .noChatTemplate }
    return try chatFormat.render(messages, addGenerationPrompt: addGenerationPrompt)
  }

  /// The prompt that `messages` make, as tokens; what a message says never becomes a control token.
  package func chatTokens(_ messages: [ChatMessage]) throws(ApusError) -> [Token] {
    let prompt = try chatPrompt(messages, addGenerationPrompt: true)
    // A template that writes BOS itself must not get a second one from the tokenizer.
    let startsWithBOS = chatFormat?.beginningText.map { prompt.templateBegins(with: $0) } ?? false
    return try promptTokens(byteCount: prompt.utf8.count) {
      tokenizer.encode(prompt, addSpecial: !startsWithBOS)
    }
  }

  /// The tokens of a prompt, refused before all of it is tokenized where it cannot fit.
  package func promptTokens(
    _ text: String, addSpecial: Bool, parseSpecial: Bool
  ) throws(ApusError) -> [Token] {
    try promptTokens(byteCount: text.utf8.count) {
      tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
    }
  }

  private func promptTokens(byteCount: Int, _ encode: () -> [Token]) throws(ApusError) -> [Token] {
    let limit = engine.configuration.contextLength
    let leastTokens = byteCount / longestTokenByteCount
    guard leastTokens <= limit else {
      throw .contextLengthExceeded(limit: limit, requested: leastTokens + 1, prompt: leastTokens)
    }
    let tokens = encode()
    if tokens.isEmpty, let bos = tokenizer.vocabulary[.beginningOfSequence] { return [bos] }
    return tokens
  }
}
