internal import Synchronization

/// Tells a recorded completion again, delta by delta, as fast as it is read.
final class Replay: EventSource {
  private enum Place { case beginning, delta(Int), over }

  private struct State {
    var place = Place.beginning
    var toldTokens = 0
    var isCancelled = false
  }

  private let recording: RecordedCompletion
  private let state = Mutex(State())

  init(_ recording: RecordedCompletion) { self.recording = recording }

  func cancel() { state.withLock { $0.isCancelled = true } }

  func next() async throws(ApusError) -> GenerationEvent? {
    if Task.isCancelled { cancel() }
    return state.withLock { next(&$0) }
  }

  private func next(_ state: inout State) -> GenerationEvent? {
    let summary = recording.summary
    switch state.place {
    case .beginning:
      state.place = .delta(0)
      let count = summary.usage.promptTokens
      return .progress(PromptProgress(processed: count, cached: summary.usage.cachedTokens, total: count))
    case .delta where state.isCancelled:
      state.place = .over
      return .finished(summary.cut(behind: state.toldTokens))
    case .delta(let number) where number < recording.deltas.count:
      let delta = recording.deltas[number]
      state.place = .delta(number + 1)
      state.toldTokens += delta.tokens.count
      return .text(delta)
    case .delta:
      state.place = .over
      return .finished(summary)
    case .over: return nil
    }
  }
}

extension GenerationStream {
  /// The events of a completion that was recorded, told again.
  package init(replaying recording: RecordedCompletion) { self.init(Replay(recording)) }
}

extension GenerationSummary {
  /// The same of a completion that was cancelled behind so many tokens.
  fileprivate func cut(behind tokens: Int) -> GenerationSummary {
    var summary = cancelled
    (summary.vector, summary.endToken) = (nil, nil)
    summary.usage.completionTokens = tokens
    summary.predictedTokens = min(predictedTokens, tokens)
    summary.reasoningTokens = min(reasoningTokens, tokens)
    return summary
  }

  /// What telling it again took: nothing was computed.
  package var replayed: GenerationSummary {
    var summary = self
    summary.usage.cachedTokens = usage.promptTokens
    summary.timings = Timings(summary.usage, queue: .zero, prefill: .zero, decode: .zero)
    (summary.proposedTokens, summary.acceptedTokens) = (0, 0)
    return summary
  }
}
