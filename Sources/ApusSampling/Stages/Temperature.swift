extension Workspace {
  /// Divides the logits by `temperature`; one too near 0 leaves the best candidate alone.
  package mutating func scale(temperature: Double) {
    makeList()
    guard temperature >= SamplingOptions.smallestTemperature else {
      sort()
      return truncate(to: 1)
    }
    guard temperature != 1 else { return }
    for (index, entry) in entries.enumerated() {
      let logit = Self.finite(Double(entry.logit) / temperature)
      entries[index] = Candidate(token: entry.token, logit: logit)
    }
  }

  /// Divides the logits by a temperature within `range` of `temperature`, higher where the candidates are more even.
  ///
  /// Dynamic temperature as llama.cpp's parameters define it: with H the entropy over its maximum, the logarithm of the
  /// number of candidates, the temperature is low + (high − low) · H^exponent; low is 0 at least.
  package mutating func scale(temperature: Double, range: Double, exponent: Double) {
    sort()
    guard range > 0 else { return scale(temperature: temperature) }
    guard entries.count > 1 else { return }
    let low = max(0, temperature - range)
    let high = temperature + range
    let total = weigh()
    let evenness = min(max(entropy(total) / PortableMath.log(Double(entries.count)), 0), 1)
    scale(temperature: low + (high - low) * PortableMath.pow(evenness, exponent))
  }
}
