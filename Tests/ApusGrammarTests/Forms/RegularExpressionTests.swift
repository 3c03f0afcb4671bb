internal import ApusGrammar
internal import Testing

struct RegularExpressionTests {
  /// Patterns, texts in which they match somewhere, and texts in which they do not.
  private static let searches: [(pattern: String, yes: [String], no: [String])] = [
    ("", ["", "a"], []),
    ("b", ["b", "abc"], ["", "ac"]),
    ("^b", ["b", "bc"], ["", "ab"]),
    ("b$", ["b", "ab"], ["", "ba", "b\n"]),
    ("^ab$", ["ab"], ["", "aab", "abb"]),
    ("^a|b$", ["a", "ac", "b", "cb"], ["ca", "bc", ""]),
    ("^(a|b)*$", ["", "abba"], ["abc"]),
    ("^(\\/?((\\.{2})|([a-z0-9\\-]*))($|\\/))*$", ["", "/", "../..", "a/b-1", "/a/../"], ["a b", "./", "/...", "A"]),
    ("a$b", [], ["", "a", "ab", "a$b"]),
    ("a^b", [], ["ab", "b"]),
    ("x*^$y*", [""], ["x", "y", "xy"]),
    ("(^|/)a($|/)", ["a", "/a", "b/a", "a/b", "b/a/c"], ["ba", "ab", "b/ab"]),
    ("(^a|b){2}", ["ab", "bb", "cbb", "abb"], ["a", "b", "aa", "ba"]),
    ("(^a?){3}b", ["b", "ab"], ["a", "", "cb"]),
    ("^(a$|b)+$", ["a", "b", "ba", "bba"], ["", "ab", "aa"]),
    ("^($|a)$", ["", "a"], ["aa"]),
    ("(^$){2}", [""], ["a"]),
    ("^.$", ["a", "é", "€", "😀", "\u{0}"], ["", "ab", "\n", "\r", "\u{2028}"]),
    ("^[^a]$", ["b", "\n", "😀"], ["a", "", "bb"]),
    ("^[]$", [], ["", "]"]),
    ("^[^]$", ["a", "\n"], ["", "ab"]),
    ("^\\d\\D\\w\\W\\s\\S$", ["1a_- x", "0-Z\u{E9}\u{FEFF}é"], ["a1_- x", "1a_- \t", "٣aa- x"]),
    ("^[\\w.-]+$", ["a.b-c_9"], ["a b", ""]),
    ("^[a\\-z]$", ["a", "-", "z"], ["b"]),
    ("^[\\]\\\\^]$", ["]", "\\", "^"], ["a"]),
    ("^[a-c-e]$", ["a", "b", "c", "-", "e"], ["d"]),
    ("^\\x41\\u0042\\u{43}\\u{1F600}\\uD83D\\uDE00$", ["ABC😀😀"], ["ABC😀"]),
    ("^[\\uD83D\\uDE00-\\uD83D\\uDE02]$", ["😀", "😁", "😂"], ["😃"]),
    ("^[\\uD800-\\uDFFF]$", [], ["a", "\u{FFFD}"]),
    ("^[\\u0000-\\uFFFF]$", ["\u{0}", "\u{D7FF}", "\u{E000}", "\u{FFFF}"], ["\u{10000}"]),
    ("^\\t\\n\\v\\f\\r\\0\\cA$", ["\t\n\u{B}\u{C}\r\u{0}\u{1}"], []),
    ("^\\$\\.\\/\\@\\#$", ["$./@#"], []),
    ("^a{2}b{1,}c{0,2}$", ["aab", "aabbbcc"], ["ab", "aa", "aabccc"]),
    ("^{a}{,}a{x$", ["{a}{,}a{x"], []),
    ("^a+?b*?c??$", ["a", "aabbc"], ["b"]),
    ("^(?:a)(?<n>b)(?P<m>c)$", ["abc"], []),
    ("^\\p{Lu}\\p{Ll}\\P{L}\\p{Letter}\\pN$", ["Äß1ж٣"], ["äß1ж٣"]),
    ("^\\p{gc=Nd}\\p{Alphabetic}$", ["1a"], ["aa"]),
    ("(?i)^aß$", ["aß", "Aß"], ["a"]),
    ("^(?i:a[b-c])d$", ["ABd", "acd"], ["ABD"]),
    ("(?s)^.$", ["\n"], [""]),
    ("\\Aa\\z", ["a"], ["a\n", "ba"]),
    ("a]b}", ["a]b}"], ["ab"]),
  ]

  @Test(arguments: searches.indices)
  func aPatternMeansTheTextsInWhichItMatches(index: Int) throws {
    let (pattern, yes, no) = Self.searches[index]
    let language = try RegularExpression(pattern).language(.search)
    for text in yes { #expect(NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
    for text in no { #expect(!NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
  }

  /// Patterns with lookaheads and lookbehinds.
  private static let looks: [(pattern: String, yes: [String], no: [String])] = [
    ("^(?!-)[a-z-]+(?<!-)$", ["a", "a-b"], ["-a", "a-", "", "-"]),
    ("^(?=.*\\d)(?=.*[a-z]).{3,}$", ["ab1", "1a-"], ["abc", "a1", "12"]),
    ("^(?!.*foo).*$", ["", "fo", "bar"], ["foo", "xfoox"]),
    ("^((?!ab).)*$", ["", "a", "ba", "acb"], ["ab", "xab"]),
    ("^(?:.(?!b))*$", ["", "b", "ba"], ["ab", "bb"]),
    ("^(?!a$)a?b?$", ["", "b", "ab"], ["a"]),
    ("foo(?!bar)", ["foo", "foobarfoo", "fooba"], ["foobar", "fo"]),
    ("foo(?=bar)", ["foobar", "xfoobarx"], ["foo", "foobaz"]),
    ("(?<!a)b", ["b", "cb", "abb"], ["ab", "", "a"]),
    ("(?<=a)b", ["ab", "cab"], ["b", "cb"]),
    ("^a*(?<!aa)b", ["b", "ab"], ["aab", "aaab"]),
    ("^x(?:(?!a)[a-c]|d)y$", ["xby", "xdy"], ["xay"]),
    ("^(?:(?!aa)a?b){1,2}$", ["b", "ab", "abab", "bab"], ["", "aab", "bbb"]),
    ("^(?!a)|(?<=b)$", ["", "b", "ab"], ["a", "ac"]),
    ("^(?!(?=a)ab)a", ["a", "ac"], ["ab"]),
    ("a?(?!^b)[ab]$", ["a", "ab", "bb", "aa"], ["b", ""]),
    ("\\bab\\b", ["ab", "x ab.", "é ab"], ["xab", "ab_", "a b", ""]),
    ("^(\\d\\.?\\b){3}$", ["1.2.3"], ["1.2.3.", "123", "1.2", "1..2.3"]),
    ("a\\Bb|\\B-\\B", ["ab", "-", "--"], ["a-", "-b", "a-b", ""]),
    ("^\\b", ["a", "0-"], ["", "-a"]),
    ("\\B", ["", "ab", "-", "-a-"], ["a", "a-b"]),
    ("(?!\\b)a*$", ["", "-", "aa"], []),
  ]

  @Test(arguments: looks.indices)
  func lookaheadsAndLookbehindsAreKept(index: Int) throws {
    let (pattern, yes, no) = Self.looks[index]
    let language = try RegularExpression(pattern).language(.search)
    for text in yes { #expect(NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
    for text in no { #expect(!NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
  }

  @Test func aWholeTextIsMatchedFromBeginningToEnd() throws {
    for (pattern, yes, no) in [
      ("a|b", ["a", "b"], ["ab", "", "ca"]), ("^a$", ["a"], ["aa"]), ("(?!b).", ["a"], ["b", "aa"]),
      (".*(?<!x)", ["", "a"], ["x", "ax"]), ("a(?=b)", [], ["a", "ab"]),
    ] {
      let language = try RegularExpression(pattern).language(.whole)
      for text in yes { #expect(NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
      for text in no { #expect(!NaiveLanguage.contains(text, in: language), "\(pattern) in \(text)") }
    }
  }

  @Test func charactersAreWrittenAsTheCallerSays() throws {
    // Each character between angle brackets.
    let language = try RegularExpression("^a.$").language(.search) { set in
      .concatenation([.literal("<".utf8), set.utf8, .literal(">".utf8)])
    }
    #expect(NaiveLanguage.contains("<a><é>", in: language))
    #expect(!NaiveLanguage.contains("aé", in: language))
  }

  @Test(arguments: [
    ("*a", 0), ("a|*", 2), ("(+)", 1), ("a**", 2), ("a{2}{3}", 4), ("^*", 1), ("(a", 0), ("a)", 1), ("[a", 0),
    ("[b-a]", 2), ("\\", 1), ("\\y", 0), ("\\x4", 0), ("\\u{110000}", 0), ("\\u12", 0), ("a{5,0}", 1), ("a{,3}", 1),
    ("\\01", 0), ("\\p{L", 0), ("(?<n", 0), ("{3}", 0),
  ])
  func whatCannotBeReadIsAnErrorWithItsPlace(pattern: String, offset: Int) {
    #expect {
      try RegularExpression(pattern)
    } throws: { error in
      guard case GrammarError.syntax(let reason, offset) = error else { return false }
      return !reason.isEmpty
    }
  }

  @Test(arguments: [
    "(a\\b)*", "(\\Ba)+b", "(a)\\1", "(?<n>a)\\k<n>", "a*+", "(?>a)", "(?m)^a", "\\p{Script=Greek}", "(?#note)a",
    "((?!a).)*b", "(a(?<!b))c", "(?=(?<=a))b",
  ])
  func whatNoAutomatonCanDoIsRefusedByName(pattern: String) {
    #expect {
      _ = try RegularExpression(pattern).language(.search)
    } throws: { error in
      if case GrammarError.unsupported(let what) = error { !what.isEmpty } else { false }
    }
  }
}
