internal import Apus
internal import Metrics

/// Tells swift-metrics how the completions of a model ended, and what they took.
final class CompletionMetrics: Sendable {
  private let ends: [AnswerEnd: Counter]
  private let promptTokens: Recorder
  private let completionTokens: Recorder
  private let time: Timer
  private let queue: Timer
  private let prefill: Timer
  private let decode: Timer

  init(model: String, _ factory: any MetricsFactory) {
    let dimensions = [("model", model)]
    func timer(_ label: String) -> Timer { Timer(label: label, dimensions: dimensions, factory: factory) }
    func recorder(_ label: String) -> Recorder {
      Recorder(label: label, dimensions: dimensions, aggregate: true, factory: factory)
    }
    ends = Dictionary(
      uniqueKeysWithValues: AnswerEnd.allCases.map { end in
        let dimensions = dimensions + [("end", end.rawValue)]
        return (end, Counter(label: "apus_completions", dimensions: dimensions, factory: factory))
      })
    promptTokens = recorder("apus_request_prompt_tokens")
    completionTokens = recorder("apus_request_completion_tokens")
    time = timer("apus_request_time")
    queue = timer("apus_queue_time")
    prefill = timer("apus_prefill_time")
    decode = timer("apus_decode_time")
  }

  /// A completion has ended.
  func note(_ summary: GenerationSummary, _ end: AnswerEnd) {
    ends[end]?.increment()
    promptTokens.record(summary.usage.promptTokens)
    completionTokens.record(summary.usage.completionTokens)
    let timings = summary.timings
    time.record(duration: timings.queue + timings.prefill + timings.decode)
    queue.record(duration: timings.queue)
    prefill.record(duration: timings.prefill)
    decode.record(duration: timings.decode)
  }
}
