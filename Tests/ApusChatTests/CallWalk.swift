internal import ApusChat
internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTestSupport

private let noTokens = TokenTrie(count: 0) { _ in nil }

/// Random texts of a grammar of turns.
struct CallWalk {
  let start: GrammarMatcher
  private let pieces: [[UInt8]]
  private let closing: [[UInt8]]

  /// `words` are tried more often than single characters.
  init(_ grammar: Grammar, _ format: TurnFormat, words: [String], marks: MarkTexts) throws {
    start = GrammarMatcher(try CompiledGrammar(grammar), noTokens)
    let ends = ["\"", "}", "]", ")"] + format.marks
    let tokens = format.marks.map { MarkToken.bytes(of: $0.utf8) }
    closing =
      (ends + format.marks.map { "\n" + $0 } + ["\n```"]).map { Array($0.utf8) } + tokens + tokens.map { [0x0A] + $0 }
    let letters = " \n\"\\{}[]():,.-+<>=_/'aefnoru019ATN|é".map { String($0) }
    pieces =
      (words + format.marks + letters + ["null", "true", "None", "\\u00e9", "\\\"", "](", "}{", "😀"]).map {
        Array($0.utf8)
      }
      + tokens
  }

  /// A whole text; nil where it did not end within some thousand bytes.
  func text(_ generator: inout SeededGenerator, length: Int = 300) -> [UInt8]? {
    var matcher = start
    var text: [UInt8] = []
    while text.count < 20 * length {
      if matcher.canEnd, matcher.isComplete || text.count > length || Int.random(in: 0..<40, using: &generator) == 0 {
        return text
      }
      let tried =
        text.count > length
        ? closing.shuffled(using: &generator) + separators + pieces : pieces.shuffled(using: &generator)
      guard let piece = tried.first(where: { matcher.accept(bytes: $0) }) ?? anyByte(&matcher) else { return nil }
      text += piece
    }
    return nil
  }

  private var separators: [[UInt8]] { [",", " ", "e", "0"].map { Array($0.utf8) } }

  private func anyByte(_ matcher: inout GrammarMatcher) -> [UInt8]? {
    (0...UInt8.max).lazy.map { [$0] }.first { matcher.accept(bytes: $0) }
  }
}

/// A text of a grammar of turns as a client sees it: marks are text.
func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes.filter { $0 != MarkToken.edge }, as: UTF8.self) }

/// Whether arguments fit the schema of a tool, and the rules for calls: no unknown ones.
func fits(_ arguments: String, _ schema: JSONValue) throws -> Bool {
  let options = JSONSchemaOptions(whiteSpace: .spaces)
  var matcher = GrammarMatcher(try CompiledGrammar(try JSONSchema(schema, options: options).grammar), noTokens)
  return matcher.accept(bytes: Array(arguments.utf8)) && matcher.canEnd
}
