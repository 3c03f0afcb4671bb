internal import Apus
internal import ApusCore
internal import Testing

struct `Rules for tokens` {
  private func filter(ends: [Token] = [0], _ change: (inout TokenRules) -> Void) throws -> TokenFilter {
    var rules = TokenRules()
    change(&rules)
    return try #require(TokenFilter(rules, ends: ends))
  }

  private func allowed(_ filter: TokenFilter, isConstrained: Bool = false, from start: [Token]? = nil) -> [Token] {
    var mask = TokenMask(vocabularySize: 8, allowingAll: start == nil)
    for token in start ?? [] { mask[token] = true }
    filter.restrict(&mask, isConstrained: isConstrained)
    return (0..<8).filter { mask[$0] }
  }

  @Test func `say nothing by default`() { #expect(TokenFilter(TokenRules(), ends: [1]) == nil) }

  @Test func `forbid the last token of a run behind its beginning`() throws {
    var filter = try filter { $0.forbidden = [[5], [1, 2, 3]] }
    #expect(allowed(filter) == [0, 1, 2, 3, 4, 6, 7])
    for token: Token in [1, 1, 2] { filter.accept(token) }
    #expect(allowed(filter) == [0, 1, 2, 4, 6, 7])
    filter.accept(4)
    #expect(allowed(filter) == [0, 1, 2, 3, 4, 6, 7])
  }

  @Test func `forbid the end until there are enough tokens`() throws {
    var filter = try filter(ends: [0, 7]) { $0.least = 2 }
    #expect(allowed(filter) == [1, 2, 3, 4, 5, 6])
    filter.accept(1)
    filter.accept(1)
    #expect(allowed(filter) == [0, 1, 2, 3, 4, 5, 6, 7])
  }

  @Test func `give way where they leave nothing`() throws {
    let filter = try filter {
      $0.allowed = [3]
      $0.forbidden = [[3]]
    }
    #expect(allowed(filter) == [0])
    #expect(allowed(filter, isConstrained: true, from: [3, 4]) == [3, 4])
  }
}
