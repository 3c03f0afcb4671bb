/// The use of a pool's model: as long as it is held, the model stays loaded.
///
/// Keep it until the last stream of the model has ended.
public final class ModelLease: Sendable {
  /// The model.
  public let model: Model
  /// Its name in the pool.
  public let name: String

  private let pool: ModelPool
  /// The lease that this one stands for; nil where it is its own.
  private let base: ModelLease?

  init(_ model: Model, _ name: String, _ pool: ModelPool) {
    self.model = model
    self.name = name
    self.pool = pool
    base = nil
  }

  /// The same use of the model as `model`, which shares its engine.
  package init(_ base: ModelLease, as model: Model) {
    (self.base, self.model) = (base, model)
    (name, pool) = (base.name, base.pool)
  }

  /// Lets the model stay loaded so long when nobody uses it; see ``ModelPool/keep(_:for:isAtLeast:)``.
  package func keepLoaded(for idleTime: Duration?, isAtLeast: Bool = false) {
    pool.keep(name, for: idleTime, isAtLeast: isAtLeast)
  }

  deinit { if base == nil { pool.release(name) } }
}
