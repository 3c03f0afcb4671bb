internal import ApusCore

/// Token texts that end a turn, a message or a text in the models of the field.
///
/// Model files often name only one end token, and chat models use another: without this list an answer would never
/// end. A text that an ordinary vocabulary may have learnt as a word (`</s>` is HTML) counts only where the file does
/// not call it normal. Sources: the chat templates of Llama 3, ChatML (Qwen, SmolLM), Phi-3, Gemma, DeepSeek, Granite,
/// Falcon, GPT-2, gpt-oss, Solar, MiniMax.
enum WellKnownTokens {
  private static let endOfTurn = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|end_of_turn|>", "<end_of_utterance>", "<|EOT|>",
    "<EOT>", "_<EOT>", "[EOT]", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<turn|>", "[e~[",
  ]
  private static let endOfMessage = ["<|eom_id|>", "<|tool_response>"]
  private static let endOfText = [
    "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[EOS]", "<｜end▁of▁sentence｜>",
  ]

  /// Whether a token's text looks like a mark of structure, which some model files list as user-defined.
  ///
  /// That is `<|…|>`, `<|…>`, `<…|>`, `<｜…｜>`, `<start_of_…>`, `<end_of_…>`, and capitals in brackets: `[INST]`,
  /// `[/INST]`.
  static func isSpelledAsMark(_ text: ArraySlice<UInt8>) -> Bool {
    func isBetween(_ start: String, _ end: String) -> Bool {
      let (start, end) = (start.utf8, end.utf8)
      return text.count > start.count + end.count && text.starts(with: start)
        && text.suffix(end.count).elementsEqual(end)
    }
    if isBetween("<|", ">") || isBetween("<", "|>") || isBetween("<｜", "｜>") { return true }
    if isBetween("<start_of_", ">") || isBetween("<end_of_", ">") { return true }
    guard isBetween("[", "]") else { return false }
    let name = text.dropFirst(text[text.startIndex + 1] == UInt8(ascii: "/") ? 2 : 1).dropLast()
    return name.first.map { (0x41...0x5A).contains($0) } ?? false
      && name.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
  }

  /// Which of these texts `texts` has, and the roles that the first of each group would fill.
  static func find(
    in texts: ByteStrings, _ index: TextIndex, _ kinds: [TokenKind]
  ) -> (endOfGeneration: Set<Token>, roles: [SpecialToken: Token]) {
    func token(_ name: String) -> Token? {
      index.index(of: Array(name.utf8).span, in: texts).map { Token(truncatingIfNeeded: $0) }
    }
    var all: Set<Token> = []
    var roles: [SpecialToken: Token] = [:]
    let groups: [(SpecialToken, [String])] = [
      (.endOfTurn, endOfTurn), (.endOfMessage, endOfMessage), (.endOfSequence, endOfText),
    ]
    for (role, names) in groups {
      for name in names {
        guard let token = token(name), kinds[Int(token)] != .normal || name.hasPrefix("<|") else { continue }
        all.insert(token)
        if roles[role] == nil { roles[role] = token }
      }
    }
    // Where an answer is made of several messages, only the last one ends it (gpt-oss, Solar).
    if let end = token("<|end|>"), token("<|return|>") ?? token("<|flush|>") != nil,
      token("<|call|>") ?? token("<|calls|>") != nil
    {
      all.remove(end)
      if roles[.endOfTurn] == end { roles[.endOfTurn] = token("<|return|>") ?? token("<|flush|>") }
    }
    return (all, roles)
  }
}
