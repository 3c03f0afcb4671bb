/// A regular expression that was read without an error.
///
/// The language is ECMA-262's with the flag `u` (as JSON Schema's `pattern`), with some of what Python and Rust write
/// beside it; Docs/GrammarForms.md has the list. What no automaton can do is refused by name.
package struct RegularExpression: Sendable {
  /// Which texts are meant.
  package enum Reading: Sendable {
    /// Those in which it matches somewhere: `pattern` of JSON Schema.
    case search
    /// Those that it matches from beginning to end.
    case whole
  }

  private let pattern: PatternNode

  /// Reads `text`, in time linear in it.
  ///
  /// - Throws: `syntax`, `unsupported` or `tooLarge`.
  package init(_ text: String) throws(GrammarError) { try self.init(text, flags: PatternParser.Flags()) }

  init(_ text: String, flags: PatternParser.Flags) throws(GrammarError) {
    var parser = try PatternParser(text, flags: flags)
    pattern = try parser.pattern()
  }

  /// The texts that it means, as strings of bytes.
  ///
  /// - Parameters:
  ///   - reading: which texts are meant.
  ///   - character: the strings of bytes that may stand for one character of a set; never the empty one, and for two
  ///     different characters never the same. UTF-8, unless a text writes its characters in another way.
  /// - Returns: a tree of bounded size and depth.
  /// - Throws: `unsupported` for a lookahead or lookbehind that cannot be kept where it stands, `tooLarge`.
  package func language(
    _ reading: Reading, character: (ScalarSet) -> RegularLanguage = { $0.utf8 }
  ) throws(GrammarError) -> RegularLanguage {
    try withoutActuallyEscaping(character) { (character) throws(GrammarError) in
      var meaning = PatternMeaning(character: character, reading: reading)
      return try meaning.language(of: pattern)
    }
  }
}
