package import ApusGGUF
package import ApusSampling

/// How a model's makers want its tokens chosen, as far as its file says so (`general.sampling.*`).
///
/// The keys are those of llama.cpp's converter, which takes them from a model's `generation_config.json`.
package struct RecommendedSampling {
  /// What the file says, and the defaults for what it does not say.
  package private(set) var options = SamplingOptions()
  /// Keys whose values are of no use.
  private(set) var unusable: [String] = []
  private let metadata: GGUFMetadata

  /// Bytes of the names of all stages, and more.
  private static let longestSequence = 1000

  package init(_ metadata: GGUFMetadata) {
    self.metadata = metadata
    takeNumber("temp", \.temperature)
    takeInteger("top_k", \.topK)
    takeNumber("top_p", \.topP)
    takeNumber("min_p", \.minP)
    takeNumber("xtc_probability", \.xtcProbability)
    takeNumber("xtc_threshold", \.xtcThreshold)
    takeInteger("penalty_last_n", \.penaltyLastN)
    takeNumber("penalty_repeat", \.repetitionPenalty)
    takeInteger("mirostat", \.mirostat)
    takeNumber("mirostat_tau", \.mirostatTau)
    takeNumber("mirostat_eta", \.mirostatEta)
    take("sequence", \.order) { value in
      guard case .string(let names) = value, names.byteCount <= Self.longestSequence else { return nil }
      return names.text?.split(separator: ";").map(String.init)
    }
  }

  private mutating func takeInteger(_ name: String, _ field: WritableKeyPath<SamplingOptions, Int>) {
    take(name, field) { $0.integer }
  }

  private mutating func takeNumber(_ name: String, _ field: WritableKeyPath<SamplingOptions, Double>) {
    take(name, field) { value in
      switch value {
      // The shortest decimal of an f32, so that 0.7 is the number that a person writes so.
      case .float32(let number): Double("\(number)")
      case .float64(let number): number
      default: value.integer.map { Double($0) }
      }
    }
  }

  private mutating func take<Value>(
    _ name: String, _ field: WritableKeyPath<SamplingOptions, Value>, _ read: (GGUFValue) -> Value?
  ) {
    let key = "general.sampling." + name
    guard let value = metadata.value(key) else { return }
    var changed = options
    if let usable = read(value) {
      changed[keyPath: field] = usable
      if (try? changed.validated()) != nil { return options = changed }
    }
    unusable.append(key)
  }
}
