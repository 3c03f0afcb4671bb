internal import ApusGrammar
internal import Testing

struct LarkTests {
  @Test func aCalculatorIgnoresBlanksBetweenSymbols() throws {
    let reading = try GrammarTextReading(
      .lark(
        """
        // A calculator.
        ?start: sum
              | NAME "=" sum    -> assign_var
        ?sum: product
            | sum "+" product   -> add
            | sum "-" product   -> sub
        ?product: atom
            | product "*" atom  -> mul
            | product "/" atom  -> div
        ?atom: NUMBER           -> number
             | "-" atom         -> neg
             | NAME             -> var
             | "(" sum ")"
        %import common.CNAME -> NAME
        %import common.NUMBER
        %import common.WS_INLINE
        %ignore WS_INLINE
        """))
    let mistakes = reading.mistakes(
      yes: ["1+2", " x = 3.5 * (a - -b) ", "1\t/2e5", "--1"], no: ["", " ", "1+", "(1", "1 2", "x = y = 1", "1\n+2"])
    #expect(mistakes == [])
  }

  @Test func jsonAsLarkWritesIt() throws {
    let reading = try GrammarTextReading(
      .lark(
        """
        ?start: value
        ?value: object | array | string
              | SIGNED_NUMBER      -> number
              | "true"             -> true
              | "false"            -> false
              | "null"             -> null
        array  : "[" [value ("," value)*] "]"
        object : "{" [pair ("," pair)*] "}"
        pair   : string ":" value
        string : ESCAPED_STRING
        %import common (ESCAPED_STRING, SIGNED_NUMBER, WS)
        %ignore WS
        """))
    let mistakes = reading.mistakes(
      yes: ["[]", #"{ "a" : [1, -2.5, true,null ] }"#, #""\" é""#, "\n[ ]\n"],
      no: ["", "[1,]", "{a:1}", "tr ue", "[1 2]", "\"a\nb\""])
    #expect(mistakes == [])
  }

  @Test(arguments: [
    ("start: \"a\" | \"b\"i", ["a", "b", "B"], ["A", ""]),
    ("start: \"ä\"i", ["ä", "Ä"], ["a"]),
    ("start: \"a\"..\"c\"", ["a", "b", "c"], ["d"]),
    ("start: A B?\nA: \"x\"\nB: A \"y\" | \"z\"", ["x", "xxy", "xz"], ["xy", ""]),
    ("start: /[a-c]+/i \"!\"", ["aB!"], ["!", "d!"]),
    ("start: /a.b/s", ["a\nb"], ["ab"]),
    ("start: /a\\/b/", ["a/b"], ["a\\/b"]),
    ("start: NAME \"!\"\nNAME: /(?!(if|else)$)[a-z]+/", ["i!", "iff!", "elsex!"], ["if!", "else!"]),
    ("start: \"a\" ~ 2..3", ["aa", "aaa"], ["a", "aaaa"]),
    ("start: \"a\"~2", ["aa"], ["a", "aaa"]),
    ("start: [\"a\"] (\"b\" | \"c\")+", ["b", "abcb"], ["a", ""]),
    ("start: (\"a\"\n  \"b\"\n | \"c\"\n)", ["ab", "c"], ["a"]),
    ("start: | \"a\"", ["", "a"], ["aa"]),
    ("start: _a\n!_a: \"x\"\n", ["x"], [""]),
    ("start: A\nA.2: \"x\"  # sharp\nB.-1: A", ["x"], [""]),
    ("start: start \"a\" | \"b\"", ["b", "baa"], ["a"]),
    ("start: A A\nA: \"x\"\n%ignore \" \"\n%ignore /#[a-z]*/", ["xx", " x #c x##", "x x "], ["x", "x-x"]),
    ("start: \"\" \"a\"\n%ignore \" \"", ["a", " a "], [""]),
    ("start: \"\\n\\x41\\u00e9\\\\\\\"\"", ["\nAé\\\""], ["n"]),
    ("start: C_COMMENT\n%import common.C_COMMENT", ["/**/", "/* a * b **/"], ["/*/", "/* */ */"]),
    (
      "start: FLOAT | INT \"u\"\n%import common.FLOAT\n%import common.INT", ["1.", ".5", "1e5", "2.5e-3", "7u"],
      ["1", "."]
    ),
  ])
  func eachFormMeansWhatLarkSays(text: String, yes: [String], no: [String]) throws {
    #expect(try GrammarTextReading(.lark(text)).mistakes(yes: yes, no: no) == [])
  }

  @Test(arguments: [
    ("", 0), ("a: \"a\"", 6), ("start: b", 7), ("start: B", 7), ("start: \"a", 7), ("start: /a", 7),
    ("start: (\"a\"", 7),
    ("start: [\"a\"", 7), ("start: *", 7), ("start: \"a\"**", 11), ("start: \"a\" ~ 5..2", 11), ("start \"a\"", 6),
    ("start: A\nA: A \"x\" | \"y\"", 9), ("start: A\nA: b\nb: \"x\"", 12), ("start: \"a\"\nstart: \"b\"", 11),
    ("start: /a(/", 9), ("start: \"ab\"..\"c\"", 7), ("start: \"\\q\"", 8), ("start: \"a\" ->", 13),
    ("start: \"a\")", 10),
    ("start: \"a\"\n%import common.int", 26),
  ])
  func whatCannotBeReadIsAnErrorWithItsPlace(text: String, offset: Int) {
    #expect {
      try GrammarText.lark(text).grammar
    } throws: { error in
      guard case GrammarError.syntax(let reason, offset) = error else { return false }
      return !reason.isEmpty
    }
  }

  @Test(arguments: [
    "start: %json {}", "start: a{b}", "a{x}: x\nstart: \"a\"", "start[capture]: \"a\"", "start: <tool>",
    "%declare A\nstart: A", "%import python.NAME\nstart: NAME", "%import common.NOTHING\nstart: NOTHING",
    "start: /a/x", "start: /(a)\\1/",
  ])
  func whatIsNotOfferedIsRefusedByName(text: String) {
    #expect {
      try GrammarText.lark(text).grammar
    } throws: { error in
      if case GrammarError.unsupported(let what) = error { !what.isEmpty } else { false }
    }
  }

  @Test func choicesAreTheirTexts() throws {
    let reading = try GrammarTextReading(.choices(["yes", "no", "", "yes, but", "né", "yes"]))
    #expect(reading.mistakes(yes: ["yes", "no", "", "yes, but", "né"], no: ["y", "yes,", "n", "noo"]) == [])
    #expect(throws: GrammarError.empty) { try GrammarText.choices([]).grammar }
  }
}
