internal import ApusTokenizers

extension Model {
  /// The tokens of `text`; never fails.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - addSpecial: Whether BOS and EOS are added where the model wants them.
  ///   - parseSpecial: Whether names of control tokens in `text` become those tokens.
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
  /// - Parameters:
  ///   - messages: The conversation.
  ///   - addGenerationPrompt: Whether the beginning of the model's answer is added.
  /// - Returns: The prompt as text.
  /// - Throws: `ApusError.noChatTemplate`, or `ApusError.chatTemplate` where the template refuses the messages.
  public func renderChat(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = true
  ) throws(ApusError) -> String {
    guard let chatFormat else { throw .noChatTemplate }
    return try chatFormat.render(messages, addGenerationPrompt: addGenerationPrompt)
  }

  /// The prompt that `messages` make, as tokens; throws `ApusError.stopped` soon after `shouldStop` says so.
  package func chatTokens(
    _ messages: [ChatMessage], shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [Token] {
    let text = try renderChat(messages)
    // A template that writes BOS itself must not get a second one from the tokenizer.
    let startsWithBOS = chatFormat?.beginningText.map { !$0.isEmpty && text.utf8.starts(with: $0.utf8) } ?? false
    return try promptTokens(text, addSpecial: !startsWithBOS, parseSpecial: true, shouldStop: shouldStop)
  }

  /// The tokens of a prompt, however many; throws `ApusError.stopped` soon after `shouldStop` says so.
  ///
  /// A text that cannot fit is tokenized to its end all the same, so that its error can tell how much too long it is: some
  /// seconds for 8 MB.
  package func promptTokens(
    _ text: String, addSpecial: Bool, parseSpecial: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [Token] {
    let tokens = tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial, shouldStop: shouldStop)
    if shouldStop() { throw .stopped }
    if tokens.isEmpty, let bos = tokenizer.vocabulary[.beginningOfSequence] { return [bos] }
    return tokens
  }
}
