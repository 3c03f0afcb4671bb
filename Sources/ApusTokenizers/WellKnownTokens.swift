/// Token texts that end a turn, a message or a text in the models of the field.
///
/// Model files often name only one end token, and chat models use another: without this list an answer would never
/// end. A text that an ordinary vocabulary may have learnt as a word (`</s>` is HTML) counts only where the file does not
/// call it normal. Sources: the chat templates of Llama 3, ChatML (Qwen, SmolLM), Phi-3, Gemma, DeepSeek, Granite, Falcon, GPT-2.
enum WellKnownTokens {
  private static let endOfTurn = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|end_of_turn|>", "<end_of_utterance>", "<|EOT|>",
    "<EOT>", "_<EOT>", "[EOT]",
  ]
  private static let endOfMessage = ["<|eom_id|>"]
  private static let endOfText = [
    "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[EOS]", "<｜end▁of▁sentence｜>",
  ]

  /// Which of these texts `texts` has, and the roles that the first of each group would fill.
  static func find(
    in texts: ByteStrings, _ index: TextIndex, _ kinds: [TokenKind]
  ) -> (endOfGeneration: Set<Token>, roles: [SpecialToken: Token]) {
    var all: Set<Token> = []
    var roles: [SpecialToken: Token] = [:]
    let groups: [(SpecialToken, [String])] = [
      (.endOfTurn, endOfTurn), (.endOfMessage, endOfMessage), (.endOfSequence, endOfText),
    ]
    for (role, names) in groups {
      for name in names {
        let bytes = Array(name.utf8)
        guard let found = index.index(of: bytes, bytes.indices, in: texts) else { continue }
        guard kinds[found] != .normal || name.hasPrefix("<|") else { continue }
        let token = Token(truncatingIfNeeded: found)
        all.insert(token)
        if roles[role] == nil { roles[role] = token }
      }
    }
    return (all, roles)
  }
}
