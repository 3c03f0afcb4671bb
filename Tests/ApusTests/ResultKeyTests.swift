internal import Apus
internal import ApusChat
internal import ApusJSON
internal import ApusTestSupport
internal import Testing

/// What a completion's result depends on, as bytes.
struct ResultKeyTests {
  private static let prompt: [Token] = [1, 70, 71]

  private static func request(_ change: (inout GenerationRequest) -> Void = { _ in }) -> GenerationRequest {
    var options = GenerationOptions(sampling: SamplingOptions())
    options.seed = 1
    var request = GenerationRequest(prompt: prompt, options: options)
    change(&request)
    return request
  }

  /// One change for each field of the sampling options.
  private static let samplingChanges: [String: @Sendable (inout SamplingOptions) -> Void] = [
    "temperature": { $0.temperature = 0.5 }, "topK": { $0.topK = 7 }, "topP": { $0.topP = 0.5 },
    "minP": { $0.minP = 0.5 }, "typicalP": { $0.typicalP = 0.5 }, "topNSigma": { $0.topNSigma = 2 },
    "minimumKept": { $0.minimumKept = 2 }, "xtcProbability": { $0.xtcProbability = 0.5 },
    "xtcThreshold": { $0.xtcThreshold = 0.2 }, "dynamicTemperatureRange": { $0.dynamicTemperatureRange = 0.5 },
    "dynamicTemperatureExponent": { $0.dynamicTemperatureExponent = 2 }, "penaltyLastN": { $0.penaltyLastN = 7 },
    "repetitionPenalty": { $0.repetitionPenalty = 1.5 }, "frequencyPenalty": { $0.frequencyPenalty = 0.5 },
    "presencePenalty": { $0.presencePenalty = 0.5 }, "dryMultiplier": { $0.dryMultiplier = 0.5 },
    "dryBase": { $0.dryBase = 2 }, "dryAllowedLength": { $0.dryAllowedLength = 3 },
    "dryPenaltyLastN": { $0.dryPenaltyLastN = 7 }, "drySequenceBreakers": { $0.drySequenceBreakers = ["\n"] },
    "mirostat": { $0.mirostat = 2 }, "mirostatTau": { $0.mirostatTau = 3 }, "mirostatEta": { $0.mirostatEta = 0.2 },
    "logitBias": { $0.logitBias = [70: 1] }, "order": { $0.order = ["top_k"] },
  ]

  /// One change for each field of the options that changes a result.
  private static let optionChanges: [String: @Sendable (inout GenerationOptions) -> Void] = [
    "maxTokens": { $0.maxTokens = 5 }, "sampling": { $0.sampling = .greedy }, "seed": { $0.seed = 2 },
    "stop": { $0.stop = ["a"] }, "stopTokens": { $0.stopTokens = [70] }, "ignoreEOS": { $0.ignoreEOS = true },
    "topLogProbabilities": { $0.topLogProbabilities = 0 }, "constraint": { $0.constraint = .choices(["a"]) },
    "thinkingBudget": { $0.thinkingBudget = 5 }, "prediction": { $0.prediction = [70] },
  ]

  /// The others: the result is the same, or an answer that they cut is not kept.
  ///
  /// `toolChoice` is in the turn, and adapters have a test of their own. Who keeps results apart by a salt does so beside
  /// this key.
  private static let otherOptions: [String: @Sendable (inout GenerationOptions) -> Void] = [
    "reusesPrefix": { $0.reusesPrefix = false }, "priority": { $0.priority = 1 },
    "deadline": { $0.deadline = .seconds(9) }, "speculation": { $0.speculation = .off },
    "toolChoice": { $0.toolChoice = .none }, "adapters": { $0.adapters = [] }, "cacheSalt": { $0.cacheSalt = "a" },
  ]

  private static func labels(_ value: Any) -> Set<String> {
    Set(Mirror(reflecting: value).children.compactMap(\.label))
  }

  @Test func `Every field counts, or is known not to`() {
    #expect(Self.labels(SamplingOptions()) == Set(Self.samplingChanges.keys))
    #expect(Self.labels(GenerationOptions()) == Set(Self.optionChanges.keys).union(Self.otherOptions.keys))
    #expect(Self.labels(TokenRules()) == ["allowed", "forbidden", "least"])
    // The compiled constraint is that of the options, or of the turn, which also says where reasoning stands; what is pooled
    // has no key.
    #expect(
      Self.labels(Self.request())
        == ["prompt", "options", "shownTokens", "constraint", "rules", "reasoning", "scoresFrom", "pooled"])
  }

  @Test func `Requests that differ in anything have other keys`() async throws {
    let model = try await TestModel().load()
    var requests = [Self.request()]
    requests += Self.samplingChanges.sorted { $0.key < $1.key }.map { _, change in
      Self.request { request in
        var sampling = SamplingOptions()
        change(&sampling)
        request.options.sampling = sampling
      }
    }
    requests += Self.optionChanges.sorted { $0.key < $1.key }.map { _, change in
      Self.request { change(&$0.options) }
    }
    requests += [
      Self.request { $0.prompt = [1, 70] }, Self.request { $0.prompt = [1, 70, 72] },
      Self.request { $0.shownTokens = [70] }, Self.request { $0.scoresFrom = 1 }, Self.request { $0.rules.least = 1 },
      Self.request { $0.rules.allowed = [] }, Self.request { $0.rules.allowed = [70] },
      Self.request { $0.rules.forbidden = [[70]] }, Self.request { $0.rules.forbidden = [[70], [71]] },
      Self.request { $0.rules.forbidden = [[70, 71]] }, Self.request { $0.options.stop = ["a", "b"] },
      Self.request { $0.options.stop = ["ab"] }, Self.request { $0.options.constraint = .choices(["a", "b"]) },
      Self.request { $0.options.constraint = .jsonSchema("a") },
      Self.request { $0.options.constraint = .regularExpression("a") },
      Self.request { $0.options.constraint = .grammar("a") }, Self.request { $0.options.constraint = .lark("a") },
      Self.request { $0.options.topLogProbabilities = 1 }, Self.request { $0.options.maxTokens = 0 },
    ]
    let keys = requests.compactMap { model.resultKey(of: $0) }
    #expect(keys.count == requests.count && Set(keys).count == requests.count)
  }

  @Test func `What changes no result changes no key`() async throws {
    let model = try await TestModel().load()
    let key = try #require(model.resultKey(of: Self.request()))
    for (_, change) in Self.otherOptions {
      #expect(model.resultKey(of: Self.request { change(&$0.options) }) == key)
    }
    // The order of a request's biases and shown tokens is that of no list.
    let biases = (0..<40).map { (Token($0), Double($0)) }
    func biased(_ biases: [(Token, Double)]) -> [UInt8]? {
      model.resultKey(
        of: Self.request { request in
          request.options.sampling?.logitBias = Dictionary(uniqueKeysWithValues: biases)
          request.shownTokens = Set(biases.map(\.0))
        })
    }
    #expect(biased(biases) == biased(biases.reversed()))
  }

  @Test func `What chance decides has no key`() async throws {
    let model = try await TestModel().load()
    #expect(model.resultKey(of: Self.request { $0.options.seed = nil }) == nil)
    #expect(model.resultKey(of: Self.request { $0.options.adapters = [AdapterChoice("none")] }) == nil)
    for change: (inout GenerationOptions) -> Void in [{ $0.sampling = .greedy }, { $0.maxTokens = 0 }] {
      let request = Self.request {
        $0.options.seed = nil
        change(&$0.options)
      }
      #expect(model.resultKey(of: request) != nil)
    }
  }

  @Test func `A model that is loaded again has the same keys, another model or context has others`() async throws {
    // Heads of 32 values, which can be kept as Q8_0.
    let tiny = try TestModel { ($0.heads, $0.kvHeads) = (2, 1) }
    let request = Self.request()
    let key = try #require(try await tiny.load().resultKey(of: request))
    #expect(try await tiny.load().resultKey(of: request) == key)
    #expect(try await tiny.load { $0.contextLength = 256 }.resultKey(of: request) != key)
    #expect(try await tiny.load { $0.kvFormat = .q8_0 }.resultKey(of: request) != key)
    #expect(try await tiny.load { $0.kernels = "reference" }.resultKey(of: request) != key)
    for change: (inout TinyModel) -> Void in [{ $0.seed = 2 }, { $0.sampling = ["temp": 0] }] {
      let other = try TestModel {
        ($0.heads, $0.kvHeads) = (2, 1)
        change(&$0)
      }
      #expect(try await other.load().resultKey(of: request) != key)
    }
  }

  @Test func `What a turn must be counts`() async throws {
    let model = try await TestModel().load()
    let tool: JSONValue = ["type": "function", "function": ["name": "f", "parameters": ["type": "object"]]]
    let turns = [
      try model.turnConstraint(tools: [], choice: .auto), try model.turnConstraint(tools: [tool], choice: .auto),
      try model.turnConstraint(tools: [tool], choice: .none),
      try model.turnConstraint(tools: [], choice: .auto, answer: .choices(["a"])),
    ]
    var keys = turns.map { model.resultKey(of: Self.request(), in: ($0, false)) }
    keys.append(model.resultKey(of: Self.request(), in: (turns[0], true)))
    keys.append(model.resultKey(of: Self.request()))
    #expect(Set(keys.compactMap(\.self)).count == 6)
  }
}
