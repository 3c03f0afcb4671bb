internal import Apus
internal import Metrics

/// One of the server's models, loaded or not: how many requests it bears, and whether its file is sound.
struct ServedModel: Sendable {
  /// Its name in the pool, which answers and the log have too.
  let name: String
  let admission: Admission
  let file: ModelFileCheck
  let measures: MeasuredEngine

  /// A model that so many requests may wait for beside those that it works on.
  init(_ name: String, in pool: ModelPool, queueLimit: Int, _ factory: any MetricsFactory) {
    self.name = name
    // How many it works on is known when it is loaded.
    admission = Admission(currentLimit: { queueLimit + pool.parallel(name) }) {
      pool.loadedModels[name]?.engine.metrics.secondsUntilPlace ?? 2
    }
    file = ModelFileCheck()
    measures = MeasuredEngine(model: name, factory)
  }
}
