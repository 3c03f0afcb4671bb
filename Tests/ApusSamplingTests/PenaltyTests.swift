internal import ApusCore
internal import ApusSampling
internal import Testing

/// Penalties change the greedy choice exactly where their definitions say.
@Suite struct PenaltyTests {
  /// The least logit, in steps of 1/64, at which `token` still beats all others at 0, with a history.
  static func leastWinning(
    _ token: Token, after history: [Token], _ parameters: SamplingOptions, breakers: [[Token]] = [], base: Float = 0
  ) throws -> Float? {
    var parameters = parameters
    parameters.temperature = 0
    var sampler = try Sampler(parameters, breakers: breakers, seed: 1, vocabularySize: 20)
    for token in history { sampler.accept(token) }
    for step in 0...6400 {
      var logits = [Float](repeating: -1000, count: 20)
      logits[19] = base
      logits[Int(token)] = base + Float(step) / 64
      if try sampler.next(from: logits.span) == token { return base + Float(step) / 64 }
    }
    return nil
  }

  @Test func `Repetition divides positive and multiplies negative logits`() throws {
    var parameters = SamplingOptions()
    parameters.repetitionPenalty = 2
    #expect(try Self.leastWinning(3, after: [3], parameters, base: 1) == 2)
    #expect(try Self.leastWinning(3, after: [3, 3], parameters, base: 1) == 2)
    #expect(try Self.leastWinning(3, after: [3], parameters, base: -1) == -0.5)
    #expect(try Self.leastWinning(3, after: [4], parameters, base: 1) == 1)
  }

  @Test func `Presence is subtracted once, frequency each time`() throws {
    var parameters = SamplingOptions()
    parameters.presencePenalty = 0.5
    #expect(try Self.leastWinning(3, after: [3, 3, 3], parameters) == 0.5)
    parameters.frequencyPenalty = 0.25
    #expect(try Self.leastWinning(3, after: [3, 3, 3], parameters) == 1.25)
  }

  @Test(arguments: [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (64, 2), (-1, 2)])
  func `Only the last tokens count`(window: Int, expected: Int) throws {
    var parameters = SamplingOptions()
    parameters.frequencyPenalty = 1
    parameters.penaltyLastN = window
    let counted = try Self.leastWinning(3, after: [3, 3, 4], parameters)
    #expect(counted == Float(expected))
  }

  /// The parameters of DRY's description.
  static var dry: SamplingOptions {
    var parameters = SamplingOptions()
    parameters.dryMultiplier = 1
    parameters.dryBase = 2
    return parameters
  }

  @Test(arguments: [
    // history, the token that followed, its penalty in bits of 2^(n − 2)
    ([1, 2, 3, 1, 2], 3, 1), ([5, 1, 2, 3, 5, 1, 2], 3, 2), ([6, 5, 1, 2, 3, 6, 5, 1, 2], 3, 4),
    ([1, 2, 3, 4, 2], 3, 0), ([1, 2, 3, 1, 2], 1, 0), ([7, 7, 7], 7, 1), ([7, 7, 7, 7], 7, 2), ([7, 7], 7, 0),
    ([1, 2, 3, 9, 4, 1, 2, 3, 8, 4, 1, 2], 3, 2), ([], 3, 0),
  ])
  func `DRY penalizes what would extend a repetition, by its length`(
    history: [Token], token: Token, penalty: Float
  ) throws {
    #expect(try Self.leastWinning(token, after: history, Self.dry) == penalty)
  }

  @Test func `DRY does not reach across breakers, nor penalize one of a single token`() throws {
    let parameters = Self.dry
    let history: [Token] = [4, 5, 1, 2, 3, 4, 5, 1, 2]
    #expect(try Self.leastWinning(3, after: history, parameters) == 4)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[5]]) == 1)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[4, 5]]) == 1)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[5, 4], [9, 9, 5]]) == 4)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[1]]) == 0)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[3]]) == 0)
    #expect(try Self.leastWinning(3, after: history, parameters, breakers: [[3, 9]]) == 4)
  }

  @Test func `DRY looks at its own window and honours the allowed length`() throws {
    var parameters = Self.dry
    let history: [Token] = [4, 5, 1, 2, 3, 4, 5, 1, 2]
    for (window, penalty) in [(0, 0), (4, 0), (6, 0), (7, 1), (8, 2), (9, 4), (100, 4)] {
      parameters.dryPenaltyLastN = window
      #expect(try Self.leastWinning(3, after: history, parameters) == Float(penalty))
    }
    parameters.dryPenaltyLastN = -1
    for (allowed, penalty) in [(0, 16), (1, 8), (4, 1), (5, 0)] {
      parameters.dryAllowedLength = allowed
      #expect(try Self.leastWinning(3, after: history, parameters) == Float(penalty))
    }
  }

  @Test func `DRY agrees with a slow search on random histories`() throws {
    var random = RandomSource(seed: 8)
    for _ in 0..<100 {
      let history = (0..<Int(random.next() % 30)).map { _ in Token(random.next() % 3) }
      for token in 0..<3 as Range<Token> {
        var longest = 0
        for place in history.indices where history[place] == token {
          var length = 0
          while length < place, history[place - 1 - length] == history[history.count - 1 - length] { length += 1 }
          longest = max(longest, length)
        }
        let penalty: Float? = longest < 2 ? 0 : longest > 8 ? nil : Float(1 << (longest - 2))
        #expect(try Self.leastWinning(token, after: history, Self.dry) == penalty)
      }
    }
  }

  @Test func `A long loop neither overflows nor takes quadratic time`() throws {
    var parameters = Self.dry
    parameters.dryBase = 100
    parameters.repetitionPenalty = 1.1
    parameters.penaltyLastN = -1
    var sampler = try Sampler(parameters, seed: 1, vocabularySize: 20)
    for _ in 0..<200_000 { sampler.accept(7) }
    var logits = [Float](repeating: 0, count: 20)
    logits[7] = 100
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try sampler.next(from: logits.span) != 7)
    #expect(clock.now - start < .seconds(2))
  }
}
