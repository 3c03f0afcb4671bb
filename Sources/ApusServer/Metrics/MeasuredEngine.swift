internal import Apus
internal import Metrics
internal import Synchronization

/// The engine of a model that swift-metrics is told of: another one each time that the model is loaded.
final class MeasuredEngine: Sendable {
  private struct State {
    weak var engine: Engine?
  }

  /// What the completions took.
  let completions: CompletionMetrics
  private let model: String
  private let factory: any MetricsFactory
  private let state = Mutex(State())

  init(model: String, _ factory: any MetricsFactory) {
    (self.model, self.factory) = (model, factory)
    completions = CompletionMetrics(model: model, factory)
  }

  /// Follows an engine, unless it does already.
  func follow(_ engine: Engine) {
    state.withLock { state in
      guard state.engine !== engine else { return }
      state.engine = engine
      ModelMetrics(model: model, factory).follow(engine)
    }
  }
}
