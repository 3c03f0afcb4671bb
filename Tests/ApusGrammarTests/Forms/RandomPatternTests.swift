internal import ApusGrammar
internal import ApusTestSupport
internal import Testing

struct RandomPatternTests {
  /// All texts of a and b of at most four characters.
  private static let texts: [String] = (0...4).flatMap { length in
    (0..<1 << length).map { bits in String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "b" }) }
  }

  @Test func randomPatternsMeanWhatTryingAllWaysFinds() throws {
    var random = SeededGenerator(seed: 20)
    for _ in 0..<150 { try check(RandomPattern(depth: 3, looks: false, using: &random), mayBeRefused: false) }
  }

  @Test func randomLookaheadsAreKeptOrRefused() throws {
    var random = SeededGenerator(seed: 21)
    var kept = 0
    for _ in 0..<250 { kept += try check(RandomPattern(depth: 3, looks: true, using: &random), mayBeRefused: true) }
    #expect(kept > 150)
  }

  @discardableResult
  private func check(_ pattern: RandomPattern, mayBeRefused: Bool) throws -> Int {
    let search: RegularLanguage
    let whole: RegularLanguage
    do throws(GrammarError) {
      let expression = try RegularExpression(pattern.text)
      search = try expression.language(.search)
      whole = try expression.language(.whole)
    } catch {
      guard mayBeRefused, case .unsupported = error else { throw error }
      return 0
    }
    for text in Self.texts {
      let characters = Array(text)
      #expect(
        NaiveLanguage.contains(text, in: search) == pattern.isFound(in: characters), "\(pattern.text) in '\(text)'")
      #expect(
        NaiveLanguage.contains(text, in: whole) == pattern.ends(in: characters, from: 0).contains(characters.count),
        "\(pattern.text) of '\(text)'")
    }
    return 1
  }
}
