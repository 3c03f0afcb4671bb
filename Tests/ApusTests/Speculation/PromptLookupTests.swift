internal import Apus
internal import ApusSampling
internal import Testing

struct PromptLookupTests {
  private func proposal(_ tokens: [Token], most: Int = 4) -> [Token] {
    PromptLookup(tokens, room: 16).proposal(most: most) { _ in true }
  }

  @Test func `What followed the same tokens before is proposed, by the longest and the latest run`() {
    #expect(proposal([1, 2, 3, 4, 5, 6, 1, 2]) == [3, 4, 5, 6])
    #expect(proposal([1, 2, 3, 4, 5, 6, 1, 2], most: 2) == [3, 4])
    #expect(proposal([1, 2, 7, 1, 2, 8, 1, 2]).first == 8)
    // Three tokens say more than two, though those came later.
    #expect(proposal([5, 1, 2, 7, 6, 1, 2, 8, 5, 1, 2]).first == 7)
    for nothing in [[], [1], [1, 1], [1, 2, 3, 4, 1], [1, 2, 3, 4]] as [[Token]] { #expect(proposal(nothing) == []) }
  }

  @Test func `A repetition goes on behind the end of the text`() {
    #expect(proposal([9, 1, 2, 1, 2, 1, 2], most: 5) == [1, 2, 1, 2, 1])
    #expect(proposal([7, 7, 7, 7], most: 3) == [7, 7, 7])
    #expect(proposal([7, 7, 7, 7], most: 99).count == PromptLookup.mostTokens)
  }

  @Test func `A place that has been right is kept while it is right`() {
    // Behind 1 2 3 4 came 5 first, 6 later; what stands before them decides.
    let both: [Token] = [10, 11, 12, 1, 2, 3, 4, 5, 20, 21, 22, 1, 2, 3, 4, 6]
    var lookup = PromptLookup(both + [10, 11, 12], room: 16)
    for token in [1, 2, 3, 4] as [Token] { lookup.append(token) }
    #expect(lookup.proposal(most: 1) { _ in true } == [5])
  }

  @Test func `A prediction comes from its beginning on, and again where it is met`() {
    var lookup = PromptLookup([50, 51], predicting: [1, 2, 3, 4, 5, 6, 7], room: 16)
    #expect(lookup.proposal(most: 3) { _ in true } == [1, 2, 3])
    for token in [1, 2, 90, 4] as [Token] { lookup.append(token) }
    #expect(lookup.proposal(most: 3) { _ in true } == [])
    lookup.append(5)
    #expect(lookup.proposal(most: 2) { _ in true } == [6, 7])
    lookup.append(6)
    // 1 and 2 came as it said, and 6; 4 and 5 came where nobody expected them.
    #expect(lookup.predictedCount == 3)
    #expect(PromptLookup([1, 2, 3, 1, 2], room: 4).predictedCount == 0)
  }

  @Test func `Chances follow how often guesses came true`() {
    func chance(_ lookup: PromptLookup) -> Double {
      var chance = 0.0
      _ = lookup.proposal(most: 1) {
        chance = $0
        return true
      }
      return chance
    }
    let loop = (0..<40).map { Token($0 % 8) }
    var right = PromptLookup(loop, room: 400)
    var wrong = PromptLookup(loop, room: 400)
    let before = chance(right)
    for index in 0..<200 { right.append(Token(index % 8)) }
    // Two tokens that came before, and then one that never did.
    for index in 0..<200 { for token in [0, 1, Token(100 + index)] { wrong.append(token) } }
    for token in [0, 1] as [Token] { wrong.append(token) }
    #expect(chance(right) > 0.95 && chance(right) > before)
    #expect(chance(wrong) < 0.05)
  }

  @Test func `Whatever comes, a proposal goes on from an earlier place like the end`() {
    var random = RandomSource(seed: 3)
    var tokens = (0..<30).map { _ in Token(random.next() % 3) }
    var lookup = PromptLookup(tokens, room: 10)
    for step in 0..<3000 {
      let token = Token(random.next() % (step < 1500 ? 3 : 40))
      tokens.append(token)
      lookup.append(token)
      let found = lookup.proposal(most: 1) { _ in true }
      guard let next = found.first else { continue }
      let end = tokens.suffix(2) + [next]
      #expect((0..<tokens.count - 2).contains { tokens[$0..<$0 + 3] == end })
    }
  }

  @Test func `A long text forgets its oldest runs only`() {
    let tokens = (0..<200_000).map { Token($0) }
    #expect(proposal(tokens + [199_000, 199_001, 199_002]) == [199_003, 199_004, 199_005, 199_006])
  }
}
