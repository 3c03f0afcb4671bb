internal import ApusChat
package import ApusJSON
package import ApusText
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
    var options = PromptOptions()
    options.addsGenerationPrompt = addGenerationPrompt
    return try chatPrompt(messages, options: options).string
  }

  /// The prompt that `messages` make, with tools that the model may call, given in the form of OpenAI's API.
  ///
  /// Throws `ApusError.stopped` soon after `shouldStop` says so.
  package func chatPrompt(
    _ messages: [ChatMessage], tools: [JSONValue] = [], options: PromptOptions = PromptOptions(),
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> PromptText {
    guard let chatFormat else { throw .noChatTemplate }
    return try chatFormat.render(messages, tools: tools, options: options, shouldStop: shouldStop)
  }

  /// The prompt that `messages` make, as tokens; what a message says never becomes a control token.
  ///
  /// Throws `ApusError.stopped` soon after `shouldStop` says so.
  package func chatTokens(
    _ messages: [ChatMessage], shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [Token] {
    try chatTurn(messages, shouldStop: shouldStop).tokens
  }

  /// The same, with tools that the model may call, given in the form of OpenAI's API; and whether the answer begins within
  /// the model's reasoning.
  package func chatTurn(
    _ messages: [ChatMessage], tools: [JSONValue] = [], options: PromptOptions = PromptOptions(),
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> (tokens: [Token], startsInReasoning: Bool) {
    let prompt = try chatPrompt(messages, tools: tools, options: options, shouldStop: shouldStop)
    let startsInReasoning = chatFormat?.turns.startsInReasoning(after: prompt.string) ?? false
    // A template that writes BOS itself must not get a second one from the tokenizer.
    let startsWithBOS = chatFormat?.beginningText.map { prompt.templateBegins(with: $0) } ?? false
    let tokens = tokenizer.encode(prompt, addSpecial: !startsWithBOS, shouldStop: shouldStop)
    return (try promptTokens(tokens, shouldStop), startsInReasoning)
  }

  /// The tokens of a prompt, however many; throws `ApusError.stopped` soon after `shouldStop` says so.
  ///
  /// A text that cannot fit is tokenized to its end all the same, so that its error can tell how much too long it is: some
  /// seconds for 8 MB.
  package func promptTokens(
    _ text: String, addSpecial: Bool, parseSpecial: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [Token] {
    let text = text.withoutByteOrderMark
    let tokens = tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial, shouldStop: shouldStop)
    return try promptTokens(tokens, shouldStop)
  }

  /// All of a prompt's tokens, at least one where the model has a BOS.
  private func promptTokens(_ tokens: [Token], _ shouldStop: () -> Bool) throws(ApusError) -> [Token] {
    if shouldStop() { throw .stopped }
    if tokens.isEmpty, let bos = tokenizer.vocabulary[.beginningOfSequence] { return [bos] }
    return tokens
  }
}
