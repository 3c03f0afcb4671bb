internal import ApusGrammar
internal import Testing

struct GBNFTests {
  private static let json = #"""
    # Any JSON value.
    root   ::= ws value
    value  ::= object | array | string | number | ("true" | "false" | "null") ws

    object ::=
      "{" ws (
                string ":" ws value
        ("," ws string ":" ws value)*
      )? "}" ws

    array  ::=
      "[" ws (
                value
        ("," ws value)*
      )? "]" ws

    string ::=
      "\"" (
        [^"\\\x7F\x00-\x1F] |
        "\\" (["\\bfnrt/] | "u" [0-9a-fA-F]{4}) # escapes
      )* "\"" ws

    number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
    ws ::= | " " | "\n" [ \t]{0,20}
    """#

  @Test func jsonIsReadAsJSON() throws {
    let reading = try GrammarTextReading(.gbnf(Self.json))
    let mistakes = reading.mistakes(
      yes: ["null", "[]", " {}", #"{"a": [1, -2.5e3, "x\n\u00e9é"],"b":{"c":null}}"#, "[true,\n  false]"],
      no: ["", "nul", "[1,]", "{a:1}", "01", "[1 2]", "\"\n\"", #""\x""#, "{}{}"])
    #expect(mistakes == [])
  }

  @Test func arithmeticMayCallItselfFirst() throws {
    let reading = try GrammarTextReading(
      .gbnf(
        """
        root ::= (expr "=" ws term "\\n")+
        expr ::= expr [-+*/] ws term
               | term
        term ::= [a-z] [a-z0-9_]* ws | [0-9]+ ws | "(" ws expr ")" ws
        ws ::= [ \\t\\n]*
        """))
    let mistakes = reading.mistakes(
      yes: ["1 + 2 = x\n", "(a-b)*c_1=3\nx=1\n"], no: ["1+=2\n", "1=2", "(1=2\n", ""])
    #expect(mistakes == [])
  }

  @Test func aListAndMovesOfChess() throws {
    let list = try GrammarTextReading(
      .gbnf(
        "root ::= item+\r\n\r\n# Excludes line ends.\r\nitem ::= \"- \" [^\\r\\n\\x0b\\x0c\\x85\\u2028\\u2029]+ \"\\n\""
      ))
    #expect(list.mistakes(yes: ["- a\n- é😀\n"], no: ["- a", "-a\n", "- \n", "- a\u{2028}\n"]) == [])
    let chess = try GrammarTextReading(
      .gbnf(
        """
        root ::= "1. " move " " move "\\n" ([1-9] [0-9]? ". " move " " move "\\n")+
        move ::= (pawn | nonpawn | castle) [+#]?
        nonpawn ::= [NBKQR] [a-h]? [1-8]? "x"? [a-h] [1-8]
        pawn ::= ([a-h] "x")? [a-h] [1-8] ("=" [NBKQR])?
        castle ::= "O-O" "-O"?
        """))
    #expect(
      chess.mistakes(
        yes: ["1. e4 e5\n2. Nf3 Nc6\n", "1. d4 d5\n2. O-O-O exd8=Q+\n"], no: ["1. e4 e5\n", "1. e9 e5\n2. a1 a2\n"])
        == [])
  }

  @Test(arguments: [
    (#"root ::= "\x41\u00e9\U0001F600\\\"\t""#, ["Aé😀\\\"\t"], ["A"]),
    ("root ::= [a-]", ["a", "-"], ["b"]),
    ("root ::= [\\]\\[^-]", ["]", "[", "^", "-"], ["\\"]),
    ("root ::= [^^]", ["a", "\n", "€"], ["^", ""]),
    ("root ::= .", ["a", "\n", "é"], ["", "ab"]),
    ("root ::= \"a\"{2} \"b\"{1,} \"c\"{0,2}", ["aab", "aabbcc"], ["ab", "aa", "aabccc"]),
    ("root ::= \"ab\"*", ["", "abab"], ["abb"]),
    ("root ::= a-1 | \"\"\na-1 ::= \"x\"", ["x", ""], ["a"]),
    ("root ::= (\"a\"*)*", ["", "aaa"], ["b"]),
    ("root ::= \"a\"\n | \"b\" |\n \"c\"", ["a", "b", "c"], [""]),
    ("root ::= ((((\"a\"))))", ["a"], [""]),
    ("root ::= root \"a\" | \"b\"", ["b", "baa"], ["a", ""]),
    ("a ::= \"x\"\nroot ::= a a", ["xx"], ["x"]),
    ("root ::= \"a\"{3,3}#c", ["aaa"], ["aa"]),
    ("  root ::= \"a\"", ["a"], []),
  ])
  func eachFormMeansWhatLlamaCppSays(text: String, yes: [String], no: [String]) throws {
    #expect(try GrammarTextReading(.gbnf(text)).mistakes(yes: yes, no: no) == [])
  }

  @Test(arguments: [
    ("", 0), ("a ::= \"a\"", 9), ("root ::= b", 9), ("root ::= \"a", 9), ("root ::= [a", 9), ("root ::= (\"a\"", 9),
    ("root ::= \"a\")", 12), ("root ::= *", 9), ("root ::= \"a\"**", 13), ("root ::= \"a\"{5,0}", 12),
    ("root ::= \"a\"{,3}", 12), ("root ::= \"a\"{x}", 12), ("root = \"a\"", 5), ("root ::= \"\\q\"", 10),
    ("root ::= [z-a]", 11), ("root ::= \"\\xZZ\"", 10), ("root ::= \"\\uD800\"", 10),
    ("root ::= \"a\"\nroot ::= \"b\"", 13), ("root ::= \"a\" $", 13), ("::= \"a\"", 0), ("root ::= (\"a\" $)", 14),
  ])
  func whatCannotBeReadIsAnErrorWithItsPlace(text: String, offset: Int) {
    #expect {
      try GrammarText.gbnf(text).grammar
    } throws: { error in
      guard case GrammarError.syntax(let reason, offset) = error else { return false }
      return !reason.isEmpty
    }
  }

  @Test(arguments: ["root ::= <think>", "root ::= <[1000]>", "root ::= !<[7]>"])
  func tokensAreRefusedByName(text: String) {
    #expect {
      try GrammarText.gbnf(text).grammar
    } throws: { error in
      if case GrammarError.unsupported(let what) = error { what.contains("tokens") } else { false }
    }
  }
}
