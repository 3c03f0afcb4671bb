/// A grammar as somebody has written it.
package enum GrammarText: Sendable {
  /// A regular expression that a whole text must match.
  case pattern(String)
  /// llama.cpp's form; the rule `root` is the whole text.
  case gbnf(String)
  /// Lark's form; the rule `start` is the whole text.
  case lark(String)
  /// One of these texts.
  case choices([String])

  /// The grammar that is written, in time linear in its text; Docs/GrammarForms.md says what is taken.
  package var grammar: Grammar {
    get throws(GrammarError) {
      switch self {
      case .pattern(let text): return Grammar(try RegularExpression(text).language(.whole))
      case .gbnf(let text): return try GBNFParser.grammar(text)
      case .lark(let text): return try LarkMeaning.grammar(of: LarkParser.grammar(text))
      case .choices(let texts): return Grammar(try Self.language(ofChoices: texts))
      }
    }
  }

  private static func language(ofChoices texts: [String]) throws(GrammarError) -> RegularLanguage {
    guard !texts.isEmpty else { throw .empty }
    guard texts.reduce(0, { $0 + $1.utf8.count + 1 }) <= FormScanner.byteLimit else {
      throw .tooLarge(what: "bytes of a list of choices", limit: FormScanner.byteLimit)
    }
    return ByteTrie.language(of: texts.map { Array($0.utf8) })
  }

  /// What tells this text from all others, byte by byte: its form's name and its bytes.
  package var identity: (kind: String, bytes: [UInt8]) {
    switch self {
    case .pattern(let text): ("pattern", Array(text.utf8))
    case .gbnf(let text): ("gbnf", Array(text.utf8))
    case .lark(let text): ("lark", Array(text.utf8))
    case .choices(let texts): ("choices", texts.flatMap { Array("\($0.utf8.count):".utf8) + Array($0.utf8) })
    }
  }
}
