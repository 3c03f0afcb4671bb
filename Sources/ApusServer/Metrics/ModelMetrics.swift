package import Apus
package import Metrics
internal import Synchronization

/// Tells swift-metrics what a model's engine does; the program's `MetricsSystem` decides where that goes, if anywhere.
///
/// All labels begin with `apus_`, and all have the model's name as the dimension `model`. Docs/Metrics.md lists them.
package final class ModelMetrics: Sendable {
  private let gauges: ModelGauges
  private let counters: ModelCounters
  private let firstToken: Timer
  private let furtherToken: Timer
  private let steps: [EngineStep.Kind: Timer]
  /// What was told last.
  private let told = Mutex(EngineMetrics())

  /// Measures of a model called `name`.
  package init(model name: String, _ factory: any MetricsFactory = MetricsSystem.factory) {
    let dimensions = [("model", name)]
    gauges = ModelGauges(dimensions, factory)
    counters = ModelCounters(dimensions, factory)
    firstToken = Timer(label: "apus_time_to_first_token", dimensions: dimensions, factory: factory)
    furtherToken = Timer(label: "apus_time_per_token", dimensions: dimensions, factory: factory)
    steps = Dictionary(
      uniqueKeysWithValues: EngineStep.Kind.allCases.map {
        ($0, Timer(label: "apus_step_time", dimensions: dimensions + [("kind", $0.rawValue)], factory: factory))
      })
  }

  /// Follows an engine, for as long as it lives.
  package func follow(_ engine: Engine) {
    let blocks = engine.configuration.kvBlocks
    engine.observe { [self] in note($0, $1, of: blocks) }
  }

  private func note(_ metrics: EngineMetrics, _ step: EngineStep?, of blocks: Int) {
    // Calls of several threads may come out of order: what is older has been told already.
    told.withLock { told in
      guard metrics.revision > told.revision else { return }
      gauges.record(metrics, of: blocks)
      counters.add(metrics, since: told)
      told = metrics
    }
    guard let step else { return }
    steps[step.kind]?.record(duration: step.duration)
    for duration in step.firstTokens { firstToken.record(duration: duration) }
    for duration in step.furtherTokens { furtherToken.record(duration: duration) }
  }
}

/// How things stand.
private struct ModelGauges: Sendable {
  private let queued: Meter
  private let running: Meter
  private let usedBlocks: Meter
  private let cachedBlocks: Meter
  private let usage: Meter

  init(_ dimensions: [(String, String)], _ factory: any MetricsFactory) {
    queued = Meter(label: "apus_queued_requests", dimensions: dimensions, factory: factory)
    running = Meter(label: "apus_running_requests", dimensions: dimensions, factory: factory)
    usedBlocks = Meter(label: "apus_kv_blocks_used", dimensions: dimensions, factory: factory)
    cachedBlocks = Meter(label: "apus_kv_blocks_cached", dimensions: dimensions, factory: factory)
    usage = Meter(label: "apus_kv_usage", dimensions: dimensions, factory: factory)
  }

  func record(_ metrics: EngineMetrics, of blocks: Int) {
    queued.set(metrics.queuedRequests)
    running.set(metrics.runningRequests)
    usedBlocks.set(metrics.usedBlocks)
    cachedBlocks.set(metrics.cachedBlocks)
    usage.set(Double(metrics.usedBlocks) / Double(max(1, blocks)))
  }
}

/// What has been done: each label, and the number that it follows.
private struct ModelCounters: Sendable {
  private static let followed:
    [(label: String, dimension: (String, String)?, count: @Sendable (EngineMetrics) -> Int)] = [
      ("apus_requests", ("end", "completed"), { $0.completedRequests }),
      ("apus_requests", ("end", "cancelled"), { $0.cancelledRequests }),
      ("apus_requests", ("end", "failed"), { $0.failedRequests }),
      ("apus_requests", ("end", "refused"), { $0.refusedRequests }),
      ("apus_prompt_tokens", nil, { $0.promptTokens }),
      ("apus_cached_prompt_tokens", nil, { $0.cachedTokens }),
      ("apus_computed_prompt_tokens", nil, { $0.promptTokens - $0.cachedTokens }),
      ("apus_completion_tokens", nil, { $0.completionTokens }),
      ("apus_proposed_tokens", nil, { $0.proposedTokens }),
      ("apus_accepted_tokens", nil, { $0.acceptedTokens }),
      ("apus_prefix_hits", nil, { $0.prefixCounts.hits }),
      ("apus_prefix_misses", nil, { $0.prefixCounts.misses }),
      ("apus_kv_block_evictions", nil, { $0.prefixCounts.evictions }),
      ("apus_preemptions", nil, { $0.preemptions }),
      ("apus_steps", nil, { $0.steps }),
    ]

  private let counters: [Counter]

  init(_ dimensions: [(String, String)], _ factory: any MetricsFactory) {
    counters = Self.followed.map { followed in
      Counter(label: followed.label, dimensions: dimensions + [followed.dimension].compactMap(\.self), factory: factory)
    }
  }

  func add(_ metrics: EngineMetrics, since told: EngineMetrics) {
    for (counter, followed) in zip(counters, Self.followed) {
      let more = followed.count(metrics) - followed.count(told)
      if more > 0 { counter.increment(by: more) }
    }
  }
}
