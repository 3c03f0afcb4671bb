/// What MaskBench prints of an engine.
struct Table {
  private var masks: [Duration] = []
  private var reading: [Duration] = []
  private var compile: [Duration] = []
  private var schemas = 0
  private var passing = 0
  private var refused = 0
  private var instances = (valid: 0, invalid: 0)
  private var validRefused = 0
  private var invalidAccepted = 0

  mutating func add(_ outcome: Outcome) {
    schemas += 1
    masks += outcome.masks
    if outcome.passes { passing += 1 }
    if outcome.refusal != nil {
      refused += 1
    } else {
      reading.append(outcome.reading)
      compile.append(outcome.compile)
    }
    instances.valid += outcome.instances.valid
    instances.invalid += outcome.instances.invalid
    validRefused += outcome.refused.count
    invalidAccepted += outcome.accepted.count
  }

  var text: String {
    """
    masks, µs: mean / p50 / p99 / p99.9 / slowest: \(mean(masks)) / \(shares(masks, [0.5, 0.99, 0.999, 1])) (\(masks.count))
    compiling, µs: mean / p50 / p99 / slowest: \(mean(compile)) / \(shares(compile, [0.5, 0.99, 1]))
    of this from schema to grammar: \(mean(reading)) / \(shares(reading, [0.5, 0.99, 1]))
    schemas: \(schemas), passing: \(passing), refused: \(refused)
    valid instances: \(instances.valid), refused: \(validRefused)
    invalid instances: \(instances.invalid), accepted: \(invalidAccepted)
    """
  }

  private func mean(_ times: [Duration]) -> Int {
    times.isEmpty ? 0 : microseconds(times.reduce(.zero, +) / times.count)
  }

  private func shares(_ times: [Duration], _ shares: [Double]) -> String {
    guard !times.isEmpty else { return "-" }
    let sorted = times.sorted()
    return shares.map { share in
      String(microseconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]))
    }.joined(separator: " / ")
  }
}
