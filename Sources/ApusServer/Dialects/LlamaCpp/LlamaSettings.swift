internal import Apus
internal import ApusJSON

/// How a completion's tokens are chosen, under llama.cpp's names.
enum LlamaSettings {
  static func json(_ options: GenerationOptions, isStreamed: Bool) -> JSONValue {
    let sampling = options.sampling ?? SamplingOptions()
    let limit = JSONValue.int(options.maxTokens ?? -1)
    let grammar = if case .grammar(let text)? = options.constraint { text } else { "" }
    let members: JSONMembers = [
      ("n_predict", limit), ("max_tokens", limit), ("seed", options.seed.map(number) ?? -1),
      ("stream", .bool(isStreamed)), ("stop", .array(options.stop.map(JSONValue.string))),
      ("ignore_eos", .bool(options.ignoreEOS)), ("n_probs", .int(options.topLogProbabilities ?? 0)),
      ("n_keep", 0), ("grammar", .string(grammar)),
    ]
    return .object(JSONObject(members + truncation(sampling) + repetition(sampling)))
  }

  private static func truncation(_ sampling: SamplingOptions) -> JSONMembers {
    [
      ("temperature", .double(sampling.temperature)), ("dynatemp_range", .double(sampling.dynamicTemperatureRange)),
      ("dynatemp_exponent", .double(sampling.dynamicTemperatureExponent)), ("top_k", .int(sampling.topK)),
      ("top_p", .double(sampling.topP)), ("min_p", .double(sampling.minP)),
      ("top_n_sigma", .double(sampling.topNSigma)), ("xtc_probability", .double(sampling.xtcProbability)),
      ("xtc_threshold", .double(sampling.xtcThreshold)), ("typical_p", .double(sampling.typicalP)),
      ("min_keep", .int(sampling.minimumKept)), ("mirostat", .int(sampling.mirostat)),
      ("mirostat_tau", .double(sampling.mirostatTau)), ("mirostat_eta", .double(sampling.mirostatEta)),
      ("samplers", .array((sampling.order ?? SamplingOptions.usualOrder).map(JSONValue.string))),
    ]
  }

  private static func repetition(_ sampling: SamplingOptions) -> JSONMembers {
    [
      ("repeat_last_n", .int(sampling.penaltyLastN)), ("repeat_penalty", .double(sampling.repetitionPenalty)),
      ("presence_penalty", .double(sampling.presencePenalty)),
      ("frequency_penalty", .double(sampling.frequencyPenalty)), ("dry_multiplier", .double(sampling.dryMultiplier)),
      ("dry_base", .double(sampling.dryBase)), ("dry_allowed_length", .int(sampling.dryAllowedLength)),
      ("dry_penalty_last_n", .int(sampling.dryPenaltyLastN)),
      ("dry_sequence_breakers", .array(sampling.drySequenceBreakers.map(JSONValue.string))),
      (
        "logit_bias",
        .array(
          sampling.logitBias.sorted { $0.key < $1.key }.map { ["token": .int(Int($0.key)), "bias": bias($0.value)] })
      ),
    ]
  }

  private static func number(_ seed: UInt64) -> JSONValue { Int(exactly: seed).map(JSONValue.int) ?? .unsigned(seed) }

  /// JSON has no infinity; false is llama.cpp's word for a token that is forbidden.
  private static func bias(_ value: Double) -> JSONValue { value == -.infinity ? false : .double(value) }
}
