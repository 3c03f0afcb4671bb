/// Threads that share the tiles of one job at a time.
package protocol Workers: AnyObject, Sendable {
  /// How many there are, the caller of `run` included; at least 1.
  var threadCount: Int { get }

  /// Calls `body(tile, worker)` once for every tile in `0..<tiles`, on any thread, and returns when all are done.
  ///
  /// `worker` is below `threadCount` and belongs to one thread during the call. `run` is called from one thread at a
  /// time.
  func run(tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void)
}

/// The caller's own thread, for backends that have no others.
package final class OneWorker: Workers {
  package let threadCount = 1

  package init() {}

  package func run(tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void) {
    for tile in 0..<max(0, tiles) { body(tile, 0) }
  }
}
