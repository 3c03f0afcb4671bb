internal import ApusCore
internal import ApusGrammar

/// A grammar's text and the machine that reads texts by it.
struct GrammarTextReading {
  private let compiled: CompiledGrammar

  init(_ text: GrammarText) throws(GrammarError) { compiled = try CompiledGrammar(try text.grammar) }

  /// Whether `text` is a whole text of the grammar.
  func accepts(_ text: String) -> Bool {
    var matcher = GrammarMatcher(compiled, Self.noTokens)
    return matcher.accept(bytes: Array(text.utf8)) && matcher.canEnd
  }

  /// The texts of `yes` that it refuses and those of `no` that it accepts.
  func mistakes(yes: [String], no: [String]) -> [String] { yes.filter { !accepts($0) } + no.filter(accepts) }

  private static let noTokens = TokenTrie(count: 1) { _ in nil }
}
