internal import Apus

extension Model {
  /// The tokens of a raw prompt, in which the names of control tokens count, as clients write their own chat formats;
  /// and how many of them the tokenizer has put before it.
  ///
  /// The caller answers for all of it. What others say belongs into a chat, where it stays text. Without `addSpecial`
  /// the tokenizer puts nothing before it.
  func rawPrompt(
    _ text: String, addSpecial: Bool = true, _ shouldStop: @escaping Preparation.ShouldStop
  ) throws(ApusError) -> (tokens: [Token], added: Int) {
    let tokens = try promptTokens(text, addSpecial: addSpecial, parseSpecial: true, shouldStop: shouldStop)
    guard addSpecial else { return (tokens, 0) }
    // A prompt that writes BOS itself gets no second one.
    guard let first = tokens.first, tokenize("").first == first else { return (tokens, 0) }
    return tokens.count > 1 && tokens[1] == first ? (Array(tokens.dropFirst()), 0) : (tokens, 1)
  }
}
