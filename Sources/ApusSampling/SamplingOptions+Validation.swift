extension SamplingOptions {
  /// The most entries of `logit_bias`.
  package static let maximumLogitBiases = 1024
  /// The most entries of `dry_sequence_breakers`, and the most bytes of each.
  package static let maximumBreakers = 16
  package static let maximumBreakerByteCount = 40
  /// The highest temperature that any caller may allow; `validated` allows 2 unless told otherwise.
  package static let highestTemperature = 100.0

  /// These options, where each is in its range; else the error for the first that is not.
  ///
  /// - Parameter maximumTemperature: The highest temperature allowed, for APIs that say so.
  /// - Returns: The same options.
  /// - Throws: `SamplingError` with the field, its value, its range and what to write instead.
  package func validated(maximumTemperature: Double = 2) throws(SamplingError) -> SamplingOptions {
    try checkTemperature(upTo: maximumTemperature)
    try checkTruncation()
    try checkPenalties()
    try checkDRY()
    try checkMirostat()
    try checkBias()
    _ = try stages()
    return self
  }

  private func checkTemperature(upTo maximum: Double) throws(SamplingError) {
    try check(
      "temperature", temperature, 0...maximum, "use 0 for the most likely token every time, 0.8 for ordinary text")
    try check("dynatemp_range", dynamicTemperatureRange, 0...maximum, "use 0 for a fixed temperature")
    try check("dynatemp_exponent", dynamicTemperatureExponent, 0...100, "use 1 for the usual curve")
  }

  private func checkTruncation() throws(SamplingError) {
    let whole = Double(Int32.max)
    try check("min_keep", Double(minimumKept), 0...whole, "use 0 for no minimum")
    try check("top_k", Double(topK), -1...whole, "use 0 to turn it off, 40 for the usual cut")
    try check("top_p", topP, 0...1, "use 1 to turn it off, 0.95 for the usual cut")
    try check("min_p", minP, 0...1, "use 0 to turn it off, 0.05 for the usual cut")
    try check("typical_p", typicalP, 0...1, "use 1 to turn it off")
    try check("top_n_sigma", topNSigma, -1...100, "use -1 to turn it off, 1 for the usual cut")
    try check("xtc_probability", xtcProbability, 0...1, "use 0 to turn it off, 0.5 for the usual effect")
    try check("xtc_threshold", xtcThreshold, 0...1, "use 0.1 for the usual effect")
  }

  private func checkPenalties() throws(SamplingError) {
    try check("repeat_last_n", Double(penaltyLastN), -1...Double(Int32.max), "use 64, or -1 for all tokens")
    try check("repeat_penalty", repetitionPenalty, 0.01...100, "use 1 to turn it off, 1.1 for a usual strength")
    try check("frequency_penalty", frequencyPenalty, -2...2, "use 0 to turn it off")
    try check("presence_penalty", presencePenalty, -2...2, "use 0 to turn it off")
  }

  private func checkDRY() throws(SamplingError) {
    let whole = Double(Int32.max)
    try check("dry_multiplier", dryMultiplier, 0...100, "use 0 to turn it off, 0.8 for a usual strength")
    try check("dry_base", dryBase, 1...100, "use 1.75, the usual base")
    try check("dry_allowed_length", Double(dryAllowedLength), 0...whole, "use 2, the usual length")
    try check("dry_penalty_last_n", Double(dryPenaltyLastN), -1...whole, "use -1 for all tokens, 0 to turn it off")
    try checkBreakers()
  }

  private func checkBreakers() throws(SamplingError) {
    let field = "dry_sequence_breakers"
    guard drySequenceBreakers.count <= Self.maximumBreakers else {
      throw .tooMany(field: field, count: drySequenceBreakers.count, limit: Self.maximumBreakers)
    }
    for (index, text) in drySequenceBreakers.enumerated() {
      let length = text.utf8.count
      guard length > 0 else { throw .emptyEntry(field: field, index: index) }
      guard length <= Self.maximumBreakerByteCount else {
        throw .entryTooLong(
          field: field, index: index, length: length, limit: Self.maximumBreakerByteCount, unit: "bytes")
      }
    }
  }

  private func checkMirostat() throws(SamplingError) {
    try check("mirostat", Double(mirostat), 0...2, "use 0 to turn it off, else 1 or 2")
    try check("mirostat_tau", mirostatTau, 0...100, "use 5, the usual surprise in bits")
    try check("mirostat_eta", mirostatEta, 0...1, "use 0.1, the usual learning rate")
  }

  private func checkBias() throws(SamplingError) {
    guard logitBias.count <= Self.maximumLogitBiases else {
      throw .tooMany(field: "logit_bias", count: logitBias.count, limit: Self.maximumLogitBiases)
    }
    for (_, bias) in logitBias.sorted(by: { $0.key < $1.key }) where bias != -.infinity {
      try check("logit_bias", bias, -100...100, "use -100 to all but forbid a token, 100 to all but force it")
    }
  }

  /// Throws unless `value` is a number within `range`; NaN is within none.
  private func check(
    _ field: String, _ value: Double, _ range: ClosedRange<Double>, _ advice: String
  ) throws(SamplingError) {
    guard !range.contains(value) else { return }
    throw .outOfRange(
      field: field, value: value, range: "from \(short(range.lowerBound)) to \(short(range.upperBound))",
      advice: advice)
  }

  /// A limit as a person writes it: without a fraction where it has none.
  private func short(_ limit: Double) -> String {
    Int(exactly: limit).map(String.init) ?? String(limit)
  }
}
