/// The use of a pool's model: as long as it is held, the model stays loaded.
///
/// Keep it until the last stream of the model has ended.
public final class ModelLease: Sendable {
  /// The model.
  public let model: Model
  /// Its name in the pool.
  public let name: String

  private let pool: ModelPool

  init(_ model: Model, _ name: String, _ pool: ModelPool) {
    self.model = model
    self.name = name
    self.pool = pool
  }

  /// Lets the model stay loaded so long when nobody uses it; see ``ModelPool/keep(_:for:isAtLeast:)``.
  package func keepLoaded(for idleTime: Duration?, isAtLeast: Bool = false) {
    pool.keep(name, for: idleTime, isAtLeast: isAtLeast)
  }

  deinit { pool.release(name) }
}
