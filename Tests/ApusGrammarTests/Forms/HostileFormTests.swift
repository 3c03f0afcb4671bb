internal import ApusGrammar
internal import ApusTestSupport
internal import Testing

/// Texts from strangers: each is a grammar or a typed error, whatever is in it.
struct HostileFormTests {
  private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  /// What is too large or too deep, in each form.
  private static let tooLarge: [GrammarText] = [
    .pattern(repeated("(", 60_000) + "a" + repeated(")", 60_000)),
    .pattern(repeated("(", 30_000) + "a" + repeated(")", 30_000)),
    .pattern(repeated("(", 257) + "a" + repeated(")", 257)),
    .pattern(repeated("(?=", 300) + "a" + repeated(")", 300)),
    .pattern(repeated("(a|b", 200) + repeated(")*", 200)),
    .pattern(repeated("a", 300_000)),
    .pattern(repeated("a", 60_000)),
    .pattern(repeated("\\p{L}", 2_000)),
    .pattern("a{99999999999999999999}"),
    .pattern(repeated("(^|a", 60) + repeated("|b$)*c", 60)),
    .pattern(repeated("(?:(?!x)", 40) + "a" + repeated("){0,60}", 40)),
    .pattern(repeated("(?:(?!x)x", 40) + repeated("){60}", 40)),
    .pattern(repeated("(^|a)", 10_000)),
    .gbnf("root ::= " + repeated("(", 60_000) + "\"a\"" + repeated(")", 60_000)),
    .gbnf("root ::= " + repeated("(", 257) + "\"a\"" + repeated(")", 257)),
    .gbnf("root ::= \"" + repeated("a", 300_000) + "\""),
    .gbnf("root ::= \"a\"{1000000000000}"),
    .lark("start: " + repeated("(", 60_000) + "\"a\"" + repeated(")", 60_000)),
    .lark("start: " + repeated("[", 257) + "\"a\"" + repeated("]", 257)),
    .lark("start: \"a\" ~ 99999999999999999999"),
    .lark("start: A0\n" + (0..<1_000).map { "A\($0): A\($0 + 1)\n" }.joined() + "A1000: \"a\""),
    .lark("start: A0\n" + (0..<40).map { "A\($0): A\($0 + 1) A\($0 + 1)\n" }.joined() + "A40: \"a\""),
    .lark(
      "start: A\nA: " + repeated("(\"a\" ", 200) + "B" + repeated(")", 200) + "\nB: " + repeated("[\"b\" ", 200)
        + repeated("]", 200)),
    .choices([repeated("a", 300_000)]),
    .choices(Array(repeating: "", count: 300_000)),
  ]

  @Test(arguments: tooLarge.indices)
  func whatIsTooLargeIsRefused(index: Int) {
    #expect {
      try Self.tooLarge[index].grammar
    } throws: { error in
      if case GrammarError.tooLarge = error { true } else { false }
    }
  }

  @Test func whatIsLargeButWithinTheLimitsIsRead() throws {
    _ = try GrammarText.pattern(Self.repeated("(", 256) + "a" + Self.repeated(")", 256)).grammar
    _ = try GrammarText.pattern(Self.repeated("ab?", 10_000)).grammar
    _ = try GrammarText.pattern(Self.repeated("a|", 10_000)).grammar
    _ = try GrammarText.gbnf("root ::= " + Self.repeated("(", 256) + "\"a\"" + Self.repeated(")", 256)).grammar
    let chain = (0..<10_000).map { "r\($0) ::= r\($0 + 1)\n" }.joined()
    _ = try GrammarText.gbnf("root ::= r0\n" + chain + "r10000 ::= \"a\"").grammar
    _ = try GrammarText.choices((0..<10_000).map { "choice \($0)" }).grammar
  }

  @Test func repetitionsStaySymbolic() throws {
    for pattern in ["((((a{100}){100}){100}){100}){100}", "(a*)*", "(a{0,1000000000}){0,1000000000}", "((a|b?)+)*"] {
      let language = try RegularExpression(pattern).language(.whole)
      #expect(TreeSize(of: language).nodes < 20, "\(pattern)")
      #expect(try GrammarTextReading(.pattern(pattern)).accepts("b") == pattern.contains("b"))
    }
  }

  private static let patterns = [
    #"^(?!-)[a-z\d-]{1,63}(?<!-)(\.[a-z]+)*$"#, #"^(\/?((\.{2})|([a-z0-9\-]*))($|\/))*$"#,
    #"(?i)\u{1F600}[^\]a-c]\p{L}|\x41*?"#,
    #"^((?!foo).)*$|(a|b|)+?{2}"#, #"(?<n>a{2,}(?=b))|[\w.-]+@[\w-]+\.\S{2,}"#,
  ]
  private static let gbnf = [
    "root ::= (\"a\" | [b-d\\n] . x-1?){2,3} # c\nx-1 ::= \"\\x41\" | root*\n",
    "root ::= \"{\" ws (\n a (\",\" a)*\n)? \"}\"\nws ::= [ \\t]*\na ::= root",
  ]
  private static let lark = [
    "?start: a+ -> b\n | \"x\"i ~ 2..3\na.2: A [\"y\"..\"z\"] (/r+/i)*\nA: \"q\" // c\n%ignore /[ ]+/\n%import common.INT -> N\n"
  ]

  /// Pieces of the forms are exchanged, doubled, left out and made up.
  @Test(arguments: 0..<3) func mutatedTextsAreGrammarsOrErrors(form: Int) {
    var random = SeededGenerator(seed: UInt64(form))
    let seeds = [Self.patterns, Self.gbnf, Self.lark][form].map { Array($0.utf8) }
    let marks = Array("(){}[]|*+?^$.\\-,:=!<>/\"~%#\n aA09up\u{0}é".utf8)
    for _ in 0..<1_500 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 0...8, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        case 2: bytes.insert(marks.randomElement(using: &random) ?? 0, at: place)
        default: bytes.replaceSubrange(place..<end, with: marks.shuffled(using: &random).prefix(end - place))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      check([GrammarText.pattern(text), .gbnf(text), .lark(text)][form])
      if form == 0 { _ = try? RegularExpression(text).language(.search) }
    }
  }

  private func check(_ text: GrammarText) {
    do throws(GrammarError) {
      for rule in try text.grammar.rules {
        guard case .terminal(let language) = rule.expression else { continue }
        let size = TreeSize(of: language)
        #expect(size.depth <= RegularLanguage.depthLimit && size.nodes <= 50_000, "\(text)")
      }
    } catch {
      guard case .syntax(_, let offset) = error else { return }
      #expect((0...bytes(text)).contains(offset), "\(text)")
    }
  }

  private func bytes(_ text: GrammarText) -> Int {
    switch text {
    case .pattern(let text), .gbnf(let text), .lark(let text): text.utf8.count
    case .choices: 0
    }
  }
}

/// How many parts a tree has, and how deep they are in each other.
private struct TreeSize {
  var nodes = 1
  var depth = 1

  init(of language: RegularLanguage) {
    let parts: [RegularLanguage]
    switch language {
    case .byte: parts = []
    case .string(let bytes): parts = bytes.map { .byte(ByteSet(CollectionOfOne($0))) }
    case .concatenation(let all), .union(let all), .intersection(let all): parts = all
    case .complement(let part), .repetition(let part, _, _): parts = [part]
    }
    for size in parts.map(TreeSize.init) {
      nodes += size.nodes
      depth = max(depth, size.depth + 1)
    }
  }
}
