internal import Apus
internal import Synchronization

/// The engine of a model that swift-metrics is told of: another one each time that the model is loaded.
final class MeasuredEngine: Sendable {
  private struct State {
    weak var engine: Engine?
  }

  private let model: String
  private let state = Mutex(State())

  init(model: String) { self.model = model }

  /// Follows an engine, unless it does already.
  func follow(_ engine: Engine) {
    state.withLock { state in
      guard state.engine !== engine else { return }
      state.engine = engine
      ModelMetrics(model: model).follow(engine)
    }
  }
}
