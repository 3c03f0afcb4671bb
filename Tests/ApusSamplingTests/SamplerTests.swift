internal import ApusCore
internal import ApusSampling
internal import Testing

@Suite struct SamplerTests {
  static let logits = Fixtures.logits(1000, seed: 3)

  /// The tokens of `count` choices, each accepted.
  static func run(_ parameters: SamplingOptions, seed: UInt64, count: Int = 200) throws -> [Token] {
    var sampler = try Sampler(parameters, seed: seed, vocabularySize: logits.count)
    var tokens: [Token] = []
    for _ in 0..<count {
      let token = try sampler.next(from: logits.span)
      sampler.accept(token)
      tokens.append(token)
    }
    return tokens
  }

  static var everything: SamplingOptions {
    var parameters = SamplingOptions()
    parameters.repetitionPenalty = 1.1
    parameters.dryMultiplier = 0.8
    parameters.topNSigma = 3
    parameters.typicalP = 0.98
    parameters.xtcProbability = 0.3
    parameters.dynamicTemperatureRange = 0.2
    return parameters
  }

  @Test func `A seed gives the same tokens, another seed others`() throws {
    for parameters in [SamplingOptions(), Self.everything, Fixtures.neutral] {
      #expect(try Self.run(parameters, seed: 1) == Self.run(parameters, seed: 1))
      #expect(try Self.run(parameters, seed: 1) != Self.run(parameters, seed: 2))
    }
  }

  @Test func `The tokens of a seed are those of every machine`() throws {
    #expect(try Self.run(SamplingOptions(), seed: 1, count: 8) == [608, 978, 58, 616, 608, 171, 171, 616])
    #expect(try Self.run(Self.everything, seed: 1, count: 8) == [58, 616, 171, 608, 58, 186, 844, 862])
  }

  @Test func `Temperature 0 takes the best, the lowest of equals, whatever else is set`() throws {
    var parameters = Self.everything
    parameters.temperature = 0
    parameters.xtcProbability = 1
    parameters.xtcThreshold = 0
    for mirostat in 0...2 {
      parameters.mirostat = mirostat
      var sampler = try Sampler(parameters, seed: 9, vocabularySize: 5)
      let logits: [Float] = [1, 4, -0.0, 4, 0]
      #expect(try sampler.next(from: logits.span) == 1)
      let zeros: [Float] = [-1, -0.0, 0, 0, -0.0]
      #expect(try sampler.next(from: zeros.span) == 1)
    }
  }

  @Test func `The best is found at every place`() throws {
    var parameters = SamplingOptions()
    parameters.temperature = 0
    for count in [1, 2, 15, 16, 17, 33, 100] {
      var sampler = try Sampler(parameters, seed: 1, vocabularySize: count)
      for place in 0..<count {
        var logits = [Float](repeating: -3, count: count)
        logits[place] = -2
        #expect(try sampler.next(from: logits.span) == Token(place))
      }
    }
  }

  @Test func `NaN, plus infinity and nothing but minus infinity are errors`() throws {
    for greedy in [true, false] {
      var parameters = SamplingOptions()
      if greedy { parameters.temperature = 0 }
      var sampler = try Sampler(parameters, seed: 1, vocabularySize: 40)
      for bad in [Float.nan, -Float.nan, .signalingNaN, .infinity] {
        for place in [0, 17, 39] {
          var logits = [Float](repeating: 0, count: 40)
          logits[place] = bad
          #expect(throws: SamplingError.nonFiniteLogits(token: Token(place))) { try sampler.next(from: logits.span) }
          #expect(throws: SamplingError.nonFiniteLogits(token: Token(place))) {
            _ = try LogProbabilities(of: logits.span)
          }
        }
      }
      let banned = [Float](repeating: -.infinity, count: 40)
      #expect(throws: SamplingError.nonFiniteLogits(token: nil)) { try sampler.next(from: banned.span) }
      let short = [Float](repeating: 0, count: 39)
      #expect(throws: SamplingError.wrongCount(of: "logits", expected: 40, found: 39)) {
        try sampler.next(from: short.span)
      }
      let mask = TokenMask(vocabularySize: 40, allowingAll: false)
      let fine = [Float](repeating: 0, count: 40)
      #expect(throws: SamplingError.nothingAllowed) { try sampler.next(from: fine.span, allowing: mask) }
      let large = TokenMask(vocabularySize: 41, allowingAll: true)
      #expect(throws: SamplingError.self) { try sampler.next(from: fine.span, allowing: large) }
    }
  }

  @Test func `The order of the stages is the one asked for`() throws {
    // With penalties first, top-k 1 takes token 1; with penalties last, token 0 is all that is left.
    let logits: [Float] = [5, 4.9, 0]
    for (text, expected) in [("penalties;top_k", 1), ("top_k;penalties", 0), ("top_k", 0)] {
      var parameters = Fixtures.neutral
      parameters.order = try SamplingStage.order(from: text).map(\.rawValue)
      parameters.topK = 1
      parameters.repetitionPenalty = 2
      var sampler = try Sampler(parameters, seed: 1, vocabularySize: 3)
      sampler.accept(0)
      #expect(try sampler.next(from: logits.span) == Token(expected))
    }
  }

  @Test func `Every order of the stages works`() throws {
    var random = RandomSource(seed: 5)
    for _ in 0..<200 {
      var parameters = Self.everything
      var stages = SamplingStage.allCases
      for index in stages.indices.reversed() { stages.swapAt(index, Int(random.next() % UInt64(index + 1))) }
      parameters.order = stages.prefix(Int(random.next() % 10)).map(\.rawValue)
      parameters.topK = Int(random.next() % 500)
      parameters.mirostat = Int(random.next() % 3)
      #expect(try Self.run(parameters, seed: 1, count: 20).count == 20)
    }
  }

  @Test func `Stage names are read with their aliases, and bad ones refused`() throws {
    let text = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"
    #expect(try SamplingStage.order(from: text) == SamplingStage.defaultOrder)
    #expect(SamplingStage.text(of: SamplingStage.defaultOrder) == text)
    #expect(try SamplingStage.order(from: "") == [])
    #expect(
      try SamplingStage.order(from: "top-k;temp;typical-p;nucleus") == [.topK, .temperature, .typical, .topP])
    for bad in ["top_k;", ";", "topk", "top_k;x", "TOP_K", " top_k"] {
      #expect(throws: SamplingError.self) { try SamplingStage.order(from: bad) }
    }
    #expect(throws: SamplingError.repeatedStage(name: "top-k")) { try SamplingStage.order(from: "top_k;top-k") }
    #expect(throws: SamplingError.self) { try SamplingStage.order(from: String(repeating: "xtc;", count: 100_000)) }
  }

  @Test func `A stage that is not listed does not run, and temperature 0 stays greedy`() throws {
    var parameters = SamplingOptions()
    parameters.order = []
    parameters.topK = 1
    #expect(Set(try Self.run(parameters, seed: 1)).count > 1)
    parameters.temperature = 0
    #expect(Set(try Self.run(parameters, seed: 1)).count == 1)
  }

  @Test func `Tokens outside the vocabulary in the history do no harm`() throws {
    var sampler = try Sampler(Self.everything, seed: 1, vocabularySize: 1000)
    for token in [-1, .min, .max, 1000, 5, -1, .min, .max, 1000] as [Token] { sampler.accept(token) }
    #expect(try sampler.next(from: Self.logits.span) >= 0)
  }

  @Test func `What a workspace held before makes no difference`() throws {
    var workspace = Workspace()
    for (round, count) in [1000, 40, 1000, 999, 1].enumerated() {
      let logits = Fixtures.logits(count, seed: UInt64(count))
      for parameters in [SamplingOptions(), Self.everything, Fixtures.neutral, .greedy] {
        var sampler = try Sampler(parameters, seed: UInt64(round), vocabularySize: count)
        var fresh = sampler
        for _ in 0..<20 {
          let token = try sampler.next(from: logits.span, using: &workspace)
          #expect(try fresh.next(from: logits.span) == token)
          sampler.accept(token)
          fresh.accept(token)
        }
      }
    }
  }

  @Test func `A sampler holds nothing as large as the vocabulary`() throws {
    let count = 100_000
    var sampler = try Sampler(Self.everything, breakers: [[1], [2, 3]], seed: 1, vocabularySize: count)
    sampler.accept(try sampler.next(from: Fixtures.logits(count, seed: 1).span))
    #expect(Self.largest(in: sampler) < 100)
  }

  /// The most elements of a collection that a value holds, at any depth.
  private static func largest(in value: Any) -> Int {
    let children = Mirror(reflecting: value).children
    return children.reduce(children.count) { max($0, largest(in: $1.value)) }
  }
}
