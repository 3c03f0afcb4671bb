internal import ApusGrammar
internal import ApusTestSupport
internal import Testing

struct RandomPatternTests {
  /// All texts of a and - of at most four characters.
  private static let texts: [String] = (0...4).flatMap { length in
    (0..<1 << length).map { bits in String((0..<length).map { bits >> $0 & 1 == 0 ? "a" : "-" }) }
  }

  @Test func randomPatternsMeanWhatTryingAllWaysFinds() throws {
    var random = SeededGenerator(seed: 20)
    for _ in 0..<150 { try check(RandomPattern(depth: 3, looks: false, using: &random), mayBeRefused: false) }
  }

  @Test func randomLookaheadsAreKeptOrRefused() throws {
    var random = SeededGenerator(seed: 21)
    var kept = 0
    for _ in 0..<200 { kept += try check(RandomPattern(depth: 3, looks: true, using: &random), mayBeRefused: true) }
    #expect(kept > 100)
  }

  /// An a may be written x, and a - may be written y, as JSON has several ways to write a character.
  private static func twoSpellings(_ set: ScalarSet) -> RegularLanguage {
    .union(
      [("a", "x"), ("-", "y")].filter { set.contains($0.0) }.map { character, other in
        .union([.literal(String(character).utf8), .literal(other.utf8)])
      })
  }

  @discardableResult
  private func check(_ pattern: RandomPattern, mayBeRefused: Bool) throws -> Int {
    let search: RegularLanguage
    let whole: RegularLanguage
    let spelled: RegularLanguage
    do throws(GrammarError) {
      let expression = try RegularExpression(pattern.text)
      search = try expression.language(.search)
      whole = try expression.language(.whole)
      spelled = try expression.language(.search, character: Self.twoSpellings)
    } catch {
      switch error {
      case .unsupported where mayBeRefused, .tooLarge where mayBeRefused: return 0
      default: throw error
      }
    }
    for text in Self.texts {
      let characters = Array(text)
      #expect(
        NaiveLanguage.contains(text, in: search) == pattern.isFound(in: characters), "\(pattern.text) in '\(text)'")
      #expect(
        NaiveLanguage.contains(text, in: whole) == pattern.ends(in: characters, from: 0).contains(characters.count),
        "\(pattern.text) of '\(text)'")
      let other = String(zip(text, 1...).map { $1 % 3 == 0 ? $0 : $0 == "a" ? "x" : "y" })
      #expect(
        NaiveLanguage.contains(other, in: spelled) == pattern.isFound(in: characters), "\(pattern.text) in '\(other)'")
    }
    return 1
  }
}
