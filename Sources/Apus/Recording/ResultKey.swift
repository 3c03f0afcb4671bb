internal import ApusJSON
internal import ApusModels
internal import ApusSampling

extension Model {
  /// Whether completions with these options are the same each time they are computed: where nothing is left to chance.
  package func isRepeatable(_ options: GenerationOptions) -> Bool {
    options.seed != nil || options.maxTokens == 0 || (options.sampling ?? SamplingOptions()).isGreedy
  }

  /// All that the result of a request depends on, as bytes: requests with the same bytes have the same result.
  ///
  /// That holds for another process that has loaded the same file, too. The model's file is known by a few pages of
  /// each tensor. `turn` is what the answer of a chat must be, in place of the request's compiled constraint. Nil where
  /// the result is one of chance, where the request names an adapter that is not there, and soon after `shouldStop`
  /// says so.
  package func resultKey(
    of request: GenerationRequest, in turn: (constraint: TurnConstraint, startsInReasoning: Bool)? = nil,
    shouldStop: () -> Bool = { false }
  ) -> [UInt8]? {
    let options = request.options
    guard isRepeatable(options), request.pooled == nil, let uses = try? options.adapters.uses(of: information.adapters)
    else { return nil }
    var bytes = CanonicalBytes()
    bytes.add("apus result 1")
    bytes.add(identity.sampledModel)
    bytes.add(information.kernels)
    bytes.add(information.kvFormat.rawValue)
    bytes.add(engine.configuration.contextLength)
    bytes.add(uses.count)
    for use in uses {
      guard let digest = identity.adapter(use.number, shouldStop: shouldStop) else { return nil }
      bytes.add(digest)
      bytes.add(use.scale.bitPattern)
    }
    bytes.add(request)
    bytes.add(options)
    bytes.add(options.sampling ?? SamplingOptions())
    bytes.add(turn) { bytes, turn in
      bytes.add(turn.constraint)
      bytes.add(turn.startsInReasoning)
      // Its marks are those of the template, which need not be the file's.
      bytes.add(chatFormat?.source ?? "")
    }
    return bytes.all
  }
}

extension CanonicalBytes {
  /// What is a request's own.
  fileprivate mutating func add(_ request: GenerationRequest) {
    add(request.prompt)
    add(request.shownTokens.sorted())
    add(request.rules.allowed) { $0.add($1) }
    add(request.rules.forbidden) { $0.add($1) }
    add(request.rules.least)
    add(request.scoresFrom) { $0.add($1) }
  }

  /// What changes a result; `priority`, `deadline`, `reusesPrefix` and `speculation` do not, `toolChoice` is the turn's.
  fileprivate mutating func add(_ options: GenerationOptions) {
    add(options.maxTokens) { $0.add($1) }
    add(options.seed) { $0.add($1) }
    add(options.stop)
    add(options.stopTokens)
    add(options.ignoreEOS)
    add(options.topLogProbabilities) { $0.add($1) }
    add(options.constraint) { $0.add($1) }
    add(options.thinkingBudget) { $0.add($1) }
    // It changes no token, but what is said of it.
    add(options.prediction)
  }

  fileprivate mutating func add(_ sampling: SamplingOptions) {
    for value in [
      sampling.temperature, sampling.topP, sampling.minP, sampling.typicalP, sampling.topNSigma,
      sampling.xtcProbability, sampling.xtcThreshold, sampling.dynamicTemperatureRange,
      sampling.dynamicTemperatureExponent, sampling.repetitionPenalty, sampling.frequencyPenalty,
      sampling.presencePenalty, sampling.dryMultiplier, sampling.dryBase, sampling.mirostatTau, sampling.mirostatEta,
    ] { add(value) }
    for value in [
      sampling.topK, sampling.minimumKept, sampling.penaltyLastN, sampling.dryAllowedLength, sampling.dryPenaltyLastN,
      sampling.mirostat,
    ] { add(value) }
    add(sampling.drySequenceBreakers)
    add(sampling.logitBias.sorted { $0.key < $1.key }) { bytes, bias in
      bytes.add(bias.key)
      bytes.add(bias.value)
    }
    add(sampling.order) { $0.add($1) }
  }

  private mutating func add(_ constraint: OutputConstraint) {
    switch constraint {
    case .jsonSchema(let text): add(["schema", text])
    case .regularExpression(let text): add(["regex", text])
    case .grammar(let text): add(["grammar", text])
    case .lark(let text): add(["lark", text])
    case .choices(let texts): add(["choices"] + texts)
    }
  }

  fileprivate mutating func add(_ turn: TurnConstraint) {
    add(JSONValue.array(turn.tools).serialized(.compact))
    switch turn.choice {
    case .auto: add(["auto"])
    case .none: add(["none"])
    case .required: add(["required"])
    case .function(let name): add(["function", name])
    }
    add(turn.allowsSeveral)
    add(turn.answer) { $0.add($1) }
  }
}
