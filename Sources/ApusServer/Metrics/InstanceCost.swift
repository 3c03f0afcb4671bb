internal import ApusJSON

/// What the machine costs, and what a million tokens cost on it.
///
/// A machine is paid for by the hour, whether it works or not. So there are two answers: the price of all the time since
/// the start by the tokens of that time, which is what was paid; and the price of the time in which an engine computed
/// by the same tokens, which is what it comes to once there is always work. Tokens are those of prompts, cached ones
/// included, and of completions.
struct InstanceCost: Sendable, Equatable {
  /// Dollars for an hour.
  let price: Double
  /// Seconds since the start, and in which engines computed.
  let uptime: Double
  let busyTime: Double
  let promptTokens: Int
  let completionTokens: Int

  /// What was measured, as the registry has it.
  init(price: Double, uptime: Duration, _ samples: [MetricSample]) {
    func sum(_ label: String) -> Double { samples.reduce(0) { $0 + ($1.label == label ? $1.value.number : 0) } }
    self.init(
      price: price, uptime: uptime / .seconds(1), busyTime: sum("apus_step_time"),
      promptTokens: Int(sum("apus_prompt_tokens")), completionTokens: Int(sum("apus_completion_tokens")))
  }

  init(price: Double, uptime: Double, busyTime: Double, promptTokens: Int, completionTokens: Int) {
    self.price = price
    self.uptime = uptime
    // Steps of several models may overlap by a moment; no more than all time is paid for.
    self.busyTime = min(busyTime, uptime)
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
  }

  /// Which time is paid for.
  enum Share: String, Sendable, CaseIterable {
    case all
    case busy
  }

  private func seconds(_ share: Share) -> Double {
    switch share {
    case .all: uptime
    case .busy: busyTime
    }
  }

  /// What that time costs.
  func dollars(_ share: Share) -> Double { price * seconds(share) / 3600 }

  /// What a million tokens cost at that time's price; nil before the first.
  func perMillionTokens(_ share: Share) -> Double? { perMillion(share, promptTokens + completionTokens) }

  /// The same where all is paid by the tokens produced.
  func perMillionCompletionTokens(_ share: Share) -> Double? { perMillion(share, completionTokens) }

  private func perMillion(_ share: Share, _ tokens: Int) -> Double? {
    tokens > 0 ? dollars(share) * 1e6 / Double(tokens) : nil
  }

  var json: JSONValue {
    func shares(_ value: (Share) -> Double?) -> JSONValue {
      .object(JSONObject(Share.allCases.map { ($0.rawValue, value($0).map { .double($0) } ?? .null) }))
    }
    return [
      "dollars_per_hour": .double(price), "seconds": shares(seconds), "dollars": shares(dollars),
      "prompt_tokens": .int(promptTokens), "completion_tokens": .int(completionTokens),
      "dollars_per_million_tokens": shares(perMillionTokens),
      "dollars_per_million_completion_tokens": shares(perMillionCompletionTokens),
    ]
  }

  /// The same, as it is measured: no sample where there was no token yet.
  var samples: [MetricSample] {
    func sample(_ label: String, _ value: Double, _ share: Share? = nil) -> MetricSample {
      MetricSample(
        label: label, dimensions: share.map { ["time", $0.rawValue] } ?? [], kind: .gauge,
        value: MetricSeries.Value(number: value))
    }
    return [sample("apus_instance_dollars_per_hour", price)]
      + Share.allCases.map { sample("apus_cost_dollars", dollars($0), $0) }
      + Share.allCases.compactMap { share in
        perMillionTokens(share).map { sample("apus_cost_per_million_tokens", $0, share) }
      }
      + Share.allCases.compactMap { share in
        perMillionCompletionTokens(share).map { sample("apus_cost_per_million_completion_tokens", $0, share) }
      }
  }
}
