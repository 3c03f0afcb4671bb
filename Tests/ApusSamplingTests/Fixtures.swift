internal import ApusCore
internal import ApusSampling

/// Seeded logits, lists and texts for the tests.
enum Fixtures {
  /// Logits that are about normal with deviation `spread`.
  static func logits(_ count: Int, seed: UInt64, spread: Double = 3) -> [Float] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in
      let sum = (0..<12).reduce(0.0) { total, _ in total + random.nextUnit() }
      return Float((sum - 6) * spread)
    }
  }

  /// A workspace that holds these logits as a whole vocabulary.
  static func whole(_ logits: [Float]) throws -> Workspace {
    var candidates = Workspace()
    try candidates.load(logits.span)
    return candidates
  }

  /// A workspace that holds these logits as a list in an order that `seed` shuffles.
  static func shuffled(_ logits: [Float], seed: UInt64) -> Workspace {
    var random = RandomSource(seed: seed)
    var list = logits.enumerated().map { Candidate(token: Token($0), logit: $1) }
    for index in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(index, Int(random.next() % UInt64(index + 1)))
    }
    var candidates = Workspace()
    candidates.load(list)
    return candidates
  }

  /// The probabilities of logits.
  static func softmax(_ logits: [Float]) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let weights = logits.map { PortableMath.exp(Double($0) - highest) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }

  /// The tokens of `logits` best first, by the standard library's sort.
  static func ranked(_ logits: [Float]) -> [Token] {
    logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }.map { Token($0) }
  }

  /// Parameters under which no stage does anything: the plain distribution.
  static var neutral: SamplingOptions {
    var parameters = SamplingOptions()
    parameters.temperature = 1
    parameters.topK = 0
    parameters.topP = 1
    parameters.minP = 0
    return parameters
  }

  /// How often each token is drawn in `draws` independent choices.
  static func counts(
    of parameters: SamplingOptions, _ logits: [Float], draws: Int, seed: UInt64, history: [Token] = []
  ) throws -> [Int] {
    var sampler = try Sampler(parameters, seed: seed, vocabularySize: logits.count)
    for token in history { sampler.accept(token) }
    var counts = [Int](repeating: 0, count: logits.count)
    var workspace = Workspace()
    for _ in 0..<draws { counts[Int(try sampler.next(from: logits.span, using: &workspace))] += 1 }
    return counts
  }
}

extension Workspace {
  /// The tokens left, as a set.
  var tokens: Set<Token> { Set(list.map(\.token)) }
}

extension Sampler {
  /// The next token, in a workspace of its own.
  mutating func next(from logits: Span<Float>, allowing mask: TokenMask? = nil) throws(SamplingError) -> Token {
    var workspace = Workspace()
    return try next(from: logits, allowing: mask, using: &workspace)
  }
}
