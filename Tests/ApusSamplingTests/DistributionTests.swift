internal import ApusCore
internal import ApusSampling
internal import Testing

/// Draws follow the distribution that the parameters define; seeds are fixed, bounds are those of chi-squared.
@Suite struct DistributionTests {
  static let draws = 40_000
  static let logits = Fixtures.logits(40, seed: 11, spread: 1.5)

  /// The distribution left when only `kept` tokens stay.
  static func renormalized(_ logits: [Float], keeping kept: Set<Token>) -> [Double] {
    Fixtures.softmax(logits.enumerated().map { kept.contains(Token($0)) ? $1 : -.infinity })
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `Without stages draws follow the softmax`(seed: UInt64) throws {
    let counts = try Fixtures.counts(of: Fixtures.neutral, Self.logits, draws: Self.draws, seed: seed)
    ChiSquared.expect(counts, follow: Fixtures.softmax(Self.logits))
  }

  @Test(arguments: [0.2, 0.5, 0.8, 1.3, 2])
  func `Temperature divides the logits`(temperature: Double) throws {
    var parameters = Fixtures.neutral
    parameters.temperature = temperature
    let counts = try Fixtures.counts(of: parameters, Self.logits, draws: Self.draws, seed: 21)
    ChiSquared.expect(counts, follow: Fixtures.softmax(Self.logits.map { Float(Double($0) / temperature) }))
  }

  @Test func `Truncating stages leave the proportions of the rest`() throws {
    var parameters = Fixtures.neutral
    parameters.topK = 5
    let best = Set(Fixtures.ranked(Self.logits).prefix(5))
    let counts = try Fixtures.counts(of: parameters, Self.logits, draws: Self.draws, seed: 31)
    ChiSquared.expect(counts, follow: Self.renormalized(Self.logits, keeping: best))
    parameters = Fixtures.neutral
    parameters.minP = 0.1
    var candidates = try Fixtures.whole(Self.logits)
    candidates.keepMinP(0.1)
    let above = try Fixtures.counts(of: parameters, Self.logits, draws: Self.draws, seed: 32)
    ChiSquared.expect(above, follow: Self.renormalized(Self.logits, keeping: candidates.tokens))
  }

  @Test(arguments: [0.25, 0.5, 1])
  func `XTC acts with its probability`(chance: Double) throws {
    let probabilities = [0.4, 0.3, 0.15, 0.1, 0.05]
    let logits = probabilities.map { Float(PortableMath.log($0)) }
    var parameters = Fixtures.neutral
    parameters.xtcProbability = chance
    parameters.xtcThreshold = 0.2
    let without = [0, 0.3 / 0.6, 0.15 / 0.6, 0.1 / 0.6, 0.05 / 0.6]
    let expected = zip(probabilities, without).map { $0 * (1 - chance) + $1 * chance }
    let counts = try Fixtures.counts(of: parameters, logits, draws: Self.draws, seed: 41)
    ChiSquared.expect(counts, follow: expected)
  }

  @Test func `Bias and mask reshape the distribution`() throws {
    var parameters = Fixtures.neutral
    parameters.logitBias = [0: 1.5, 3: -2, 4: -.infinity]
    let counts = try Fixtures.counts(of: parameters, Self.logits, draws: Self.draws, seed: 51)
    var biased = Self.logits
    biased[0] += 1.5
    biased[3] -= 2
    biased[4] = -.infinity
    ChiSquared.expect(counts, follow: Fixtures.softmax(biased))

    var mask = TokenMask(vocabularySize: 40, allowingAll: false)
    for token in [1, 2, 7, 39] as [Token] { mask[token] = true }
    var sampler = try Sampler(Fixtures.neutral, seed: 52, vocabularySize: 40)
    var masked = [Int](repeating: 0, count: 40)
    var workspace = Workspace()
    for _ in 0..<Self.draws {
      masked[Int(try sampler.next(from: Self.logits.span, allowing: mask, using: &workspace))] += 1
    }
    ChiSquared.expect(masked, follow: Self.renormalized(Self.logits, keeping: [1, 2, 7, 39]))
  }

  @Test func `The three penalties change the distribution as they say`() throws {
    var parameters = Fixtures.neutral
    parameters.repetitionPenalty = 1.3
    parameters.presencePenalty = 0.4
    parameters.frequencyPenalty = 0.2
    let history: [Token] = [1, 2, 2, 5, 2]
    var penalized = Self.logits
    for (token, count) in [(1, 1), (2, 3), (5, 1)] {
      let logit = Self.logits[token]
      penalized[token] = (logit > 0 ? logit / 1.3 : logit * 1.3) - 0.4 - 0.2 * Float(count)
    }
    let counts = try Fixtures.counts(of: parameters, Self.logits, draws: Self.draws, seed: 61, history: history)
    ChiSquared.expect(counts, follow: Fixtures.softmax(penalized))
  }

  @Test(arguments: [1, 2], [2.0, 3.0, 4.0])
  func `Mirostat holds the surprise near its target`(version: Int, target: Double) throws {
    var parameters = Fixtures.neutral
    parameters.mirostat = version
    parameters.mirostatTau = target
    var mirostat = try #require(Mirostat(parameters, vocabularySize: 2000))
    var source = RandomSource(seed: 71)
    var sum = 0.0
    let steps = 3000
    for step in 0..<steps {
      // Zipf's law with noise, new for each step, as text has it.
      var noise = RandomSource(seed: UInt64(step))
      let logits = (0..<2000).map { Float(-1.2 * PortableMath.log(Double($0 + 1)) + 0.3 * noise.nextUnit()) }
      var candidates = try Fixtures.whole(logits)
      let before = mirostat.bound
      let token = mirostat.draw(from: &candidates, using: &source)
      // The update is −η · (surprise − τ), and the surprise is that after truncation.
      let surprise = target + (before - mirostat.bound) / parameters.mirostatEta
      sum += surprise
      let raw = -(try LogProbabilities(of: logits.span)[token]) / PortableMath.ln2
      #expect(surprise > -1e-9 && surprise < raw + 1e-9)
      if version == 2 { #expect(raw < before + 1e-9 || candidates.count() == 1) }
    }
    #expect(abs(sum / Double(steps) - target) < 0.05)
  }
}
