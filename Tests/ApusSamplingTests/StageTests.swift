internal import ApusCore
internal import ApusSampling
internal import Testing

/// What every stage must keep, checked against a slow computation from its definition, over many seeds.
@Suite struct StageTests {
  /// A stage with a strength that truncates, by name.
  struct Stage: Sendable, CustomStringConvertible {
    let description: String
    let apply: @Sendable (inout Workspace, Int) -> Void
  }

  static let stages = [
    Stage(description: "top-k") { $0.keepTop(17, minimum: $1) },
    Stage(description: "top-k, large") { $0.keepTop(300, minimum: $1) },
    Stage(description: "top-p") { $0.keepNucleus(0.8, minimum: $1) },
    Stage(description: "min-p") { $0.keepMinP(0.05, minimum: $1) },
    Stage(description: "typical") { $0.keepTypical(0.7, minimum: $1) },
    Stage(description: "top-n-sigma") { $0.keepWithinSigmas(1, minimum: $1) },
    Stage(description: "xtc") { $0.excludeTopChoices(threshold: 0.05, minimum: $1) },
  ]

  @Test(arguments: stages)
  func `The order of the candidates does not matter`(stage: Stage) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let logits = Fixtures.logits(500, seed: seed)
      var whole = try Fixtures.whole(logits)
      stage.apply(&whole, 0)
      var list = Fixtures.shuffled(logits, seed: seed)
      stage.apply(&list, 0)
      var sorted = Fixtures.shuffled(logits, seed: seed)
      sorted.sort()
      stage.apply(&sorted, 0)
      #expect(whole.tokens == list.tokens)
      #expect(whole.tokens == sorted.tokens)
    }
  }

  @Test(arguments: stages)
  func `At least the minimum is kept, and one in any case`(stage: Stage) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let logits = Fixtures.logits(400, seed: seed, spread: Double(seed))
      for minimum in [0, 1, 2, 50, 399, 400, 1000] {
        var candidates = try Fixtures.whole(logits)
        stage.apply(&candidates, minimum)
        #expect(candidates.count() >= max(1, min(minimum, 400)))
      }
      var single = Fixtures.shuffled([1.5], seed: seed)
      stage.apply(&single, 0)
      #expect(single.tokens == [0])
    }
  }

  @Test(arguments: stages)
  func `Forbidden tokens do not come back`(stage: Stage) throws {
    var logits = Fixtures.logits(200, seed: 5)
    for token in stride(from: 0, to: 200, by: 3) { logits[token] = -.infinity }
    for minimum in [0, 150, 500] {
      var candidates = try Fixtures.whole(logits)
      stage.apply(&candidates, minimum)
      #expect(candidates.tokens.allSatisfy { $0 % 3 != 0 })
    }
  }

  @Test(arguments: stages)
  func `Equal logits and huge logits are no trouble`(stage: Stage) throws {
    let hostile: [[Float]] = [
      Array(repeating: 0, count: 300), [3.4e38, -3.4e38, 0, 3.4e38], [-3.4e38, -3.4e38],
      [0, -0.0, .leastNonzeroMagnitude],
      [1e30] + Array(repeating: -1e30, count: 100),
    ]
    for logits in hostile {
      var candidates = try Fixtures.whole(logits)
      stage.apply(&candidates, 0)
      #expect(candidates.count() >= 1)
      var random = RandomSource(seed: 1)
      #expect(candidates.draw(using: &random).probability.isFinite)
    }
  }

  @Test(arguments: [1, 2, 17, 255, 256, 257, 499, 500, 501, 100_000])
  func `Top-k keeps the k best, ties by the lower token`(k: Int) throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      // Rounded, so that there are many ties.
      let logits = Fixtures.logits(500, seed: seed).map { $0.rounded() }
      let expected = Set(Fixtures.ranked(logits).prefix(k))
      var whole = try Fixtures.whole(logits)
      whole.keepTop(k)
      #expect(whole.tokens == expected)
      whole.keepTop(k)
      #expect(whole.tokens == expected)
      var list = Fixtures.shuffled(logits, seed: seed)
      list.keepTop(k)
      #expect(list.tokens == expected)
    }
  }

  @Test func `Sorting is by logit, then by token, for any number of candidates`() throws {
    for count in [1, 2, 63, 64, 65, 66, 1000, 70_000] {
      let logits = Fixtures.logits(count, seed: UInt64(count)).map { ($0 * 4).rounded() / 4 }
      var whole = try Fixtures.whole(logits)
      whole.sort()
      #expect(whole.list.map(\.token) == Fixtures.ranked(logits))
      var list = Fixtures.shuffled(logits, seed: 3)
      list.sort()
      #expect(list.list == whole.list)
    }
  }

  @Test(arguments: [0, 0.1, 0.5, 0.9, 0.95, 0.999, 0.999_999])
  func `Top-p keeps the smallest set with that probability`(p: Double) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let logits = Fixtures.logits(700, seed: seed, spread: 0.3 * Double(seed))
      let probabilities = Fixtures.softmax(logits)
      var candidates = try Fixtures.whole(logits)
      candidates.keepNucleus(p)
      let kept = candidates.list.map(\.token)
      #expect(kept == Array(Fixtures.ranked(logits).prefix(kept.count)))
      let mass = kept.reduce(0.0) { $0 + probabilities[Int($1)] }
      #expect(mass >= p - 1e-12)
      #expect(kept.count == 1 || mass - probabilities[Int(kept[kept.count - 1])] < p + 1e-12)
    }
  }

  @Test(arguments: [0.001, 0.05, 0.5, 1])
  func `Min-p keeps what has that share of the best probability`(p: Double) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let logits = Fixtures.logits(300, seed: seed)
      let probabilities = Fixtures.softmax(logits)
      let limit = p * (probabilities.max() ?? 0)
      var candidates = try Fixtures.whole(logits)
      candidates.keepMinP(p)
      for token in 0..<300 where abs(probabilities[token] - limit) > 1e-12 {
        #expect(candidates.tokens.contains(Token(token)) == (probabilities[token] > limit))
      }
      let once = candidates.tokens
      candidates.keepMinP(p)
      #expect(candidates.tokens == once)
    }
  }

  @Test func `Typical keeps the nearest to the entropy, even without the best`() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let logits = Fixtures.logits(200, seed: seed, spread: 2)
      let probabilities = Fixtures.softmax(logits)
      let entropy = probabilities.reduce(0.0) { $0 - $1 * PortableMath.log($1) }
      let byDistance = probabilities.indices.sorted {
        abs(-PortableMath.log(probabilities[$0]) - entropy) < abs(-PortableMath.log(probabilities[$1]) - entropy)
      }
      var sum = 0.0
      var expected: Set<Token> = []
      for token in byDistance where sum <= 0.5 {
        sum += probabilities[token]
        expected.insert(Token(token))
      }
      var candidates = try Fixtures.whole(logits)
      candidates.keepTypical(0.5)
      #expect(candidates.tokens == expected)
    }
  }

  @Test func `Top-n-sigma keeps logits within n deviations of the best`() throws {
    // Mean 5, deviation 2.
    let logits: [Float] = [2, 4, 4, 4, 5, 5, 7, 9]
    for (n, expected) in [(0.5, [7]), (1.0, [6, 7]), (2.0, [4, 5, 6, 7]), (2.5, [1, 2, 3, 4, 5, 6, 7])] {
      var candidates = try Fixtures.whole(logits)
      candidates.keepWithinSigmas(n)
      #expect(candidates.tokens == Set(expected.map { Token($0) }))
    }
  }

  @Test func `XTC removes all above the threshold but the last of them`() throws {
    let probabilities = [0.4, 0.05, 0.3, 0.15, 0.1]
    let logits = probabilities.map { Float(PortableMath.log($0)) }
    for (threshold, expected) in [
      (0.5, [0, 1, 2, 3, 4]), (0.35, [0, 1, 2, 3, 4]), (0.2, [1, 2, 3, 4]), (0.12, [1, 3, 4]), (0.07, [1, 4]), (0, [1]),
      (0.6, [0, 1, 2, 3, 4]),
    ] {
      var candidates = try Fixtures.whole(logits)
      candidates.excludeTopChoices(threshold: threshold)
      #expect(candidates.tokens == Set(expected.map { Token($0) }))
    }
    var candidates = try Fixtures.whole(logits)
    candidates.excludeTopChoices(threshold: 0.12, minimum: 4)
    #expect(candidates.count() == 5)
  }

  @Test func `Dynamic temperature runs from low for one sure token to high for equal ones`() throws {
    var even = try Fixtures.whole([2, 2, 2, 2])
    even.scale(temperature: 1, range: 0.5, exponent: 1)
    #expect(even.list.allSatisfy { abs($0.logit - 2 / 1.5) < 1e-6 })
    var sure = try Fixtures.whole([100, 0, 0])
    sure.scale(temperature: 1, range: 0.5, exponent: 1)
    #expect(abs(sure.list[0].logit - 200) < 1e-3)
    let logits: [Float] = [1, 0, -1]
    let probabilities = Fixtures.softmax(logits)
    let evenness = probabilities.reduce(0.0) { $0 - $1 * PortableMath.log($1) } / PortableMath.log(3)
    var middle = try Fixtures.whole(logits)
    middle.scale(temperature: 1, range: 0.5, exponent: 2)
    #expect(abs(Double(middle.list[0].logit) - 1 / (0.5 + evenness * evenness)) < 1e-6)
  }

  @Test func `A temperature near 0 leaves the best alone, others divide`() throws {
    var candidates = try Fixtures.whole([1, 3, 2])
    candidates.scale(temperature: 2)
    #expect(candidates.list.map(\.logit) == [0.5, 1.5, 1])
    candidates.scale(temperature: 1e-7)
    #expect(candidates.tokens == [1])
  }
}
