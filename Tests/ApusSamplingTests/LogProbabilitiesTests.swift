internal import ApusCore
internal import ApusSampling
internal import Testing

@Suite struct LogProbabilitiesTests {
  @Test(arguments: [1, 2, 3, 4, 5, 999, 1000])
  func `Probabilities sum to 1 and agree with the definition`(count: Int) throws {
    let logits = Fixtures.logits(count, seed: UInt64(count), spread: 5)
    let values = try LogProbabilities(of: logits.span)
    let expected = Fixtures.softmax(logits)
    var sum = 0.0
    for token in 0..<count {
      sum += PortableMath.exp(values[Token(token)])
      #expect(abs(PortableMath.exp(values[Token(token)]) - expected[token]) < 1e-12)
    }
    #expect(abs(sum - 1) < 1e-12)
    #expect(values[-1] == -.infinity)
    #expect(values[Token(count)] == -.infinity)
  }

  @Test func `The most likely come first, the lower token first of equals`() throws {
    let logits = Fixtures.logits(800, seed: 4).map { $0.rounded() }
    let values = try LogProbabilities(of: logits.span)
    var workspace = Workspace()
    for count in [-1, 0, 1, 20, 799, 800, 5000] {
      let top = values.top(count, using: &workspace)
      #expect(top.map(\.token) == Array(Fixtures.ranked(logits).prefix(max(0, count))))
      for entry in top { #expect(entry.logProbability == values[entry.token]) }
    }
    let banned: [Float] = [-.infinity, 2, -.infinity]
    let top = try LogProbabilities(of: banned.span).top(3, using: &workspace)
    #expect(top.map(\.token) == [1] && top.map(\.logProbability) == [0])
  }
}
