internal import Apus
internal import ApusSampling

/// Random requests whose texts repeat themselves now and then.
struct RandomRequests {
  private var random: RandomSource
  private let vocabularySize: Int

  init(seed: UInt64, _ vocabularySize: Int) {
    random = RandomSource(seed: seed)
    self.vocabularySize = vocabularySize
  }

  mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  /// A request of up to so many tokens.
  mutating func request(reusesPrefix: Bool = true, tokens: Int = 90) -> GenerationRequest {
    let phrase = (0..<1 + pick(12)).map { _ in Token(3 + pick(vocabularySize - 3)) }
    var prompt = (0..<pick(20)).map { _ in Token(3 + pick(vocabularySize - 3)) }
    for _ in 0...pick(6) { prompt += phrase }
    var options = GenerationOptions(
      maxTokens: pick(8) == 0 ? nil : pick(tokens), sampling: sampling(), seed: random.next())
    options.ignoreEOS = pick(2) == 0
    options.reusesPrefix = reusesPrefix && pick(4) > 0
    options.speculation = pick(4) == 0 ? .automatic : .always
    if pick(3) == 0 { options.topLogProbabilities = pick(5) }
    if pick(3) == 0 { options.stop = Array(["e", "to", "a b"].prefix(1 + pick(3))) }
    if pick(4) == 0 { options.stopTokens = (0..<3).map { _ in Token(3 + pick(vocabularySize - 3)) } }
    // A scored prompt goes on with a completion too.
    return GenerationRequest(prompt: prompt, options: options, scoresFrom: pick(6) == 0 ? 1 + pick(prompt.count) : nil)
  }

  private mutating func sampling() -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = [0, 0, 0.05, 0.3, 1][pick(5)]
    if pick(4) == 0 { options.repetitionPenalty = 1.1 }
    if pick(5) == 0 { options.frequencyPenalty = 0.3 }
    if pick(5) == 0 { options.presencePenalty = -0.5 }
    if pick(5) == 0 { options.dryMultiplier = 0.8 }
    if pick(6) == 0 { options.mirostat = 1 + pick(2) }
    if pick(6) == 0 { options.xtcProbability = 0.4 }
    if pick(6) == 0 { options.logitBias = [Token(pick(vocabularySize)): 4] }
    if pick(6) == 0 { options.dynamicTemperatureRange = 0.04 }
    return options
  }
}
