internal import Synchronization

/// Whether new requests should be sent to the server: what its health tells load balancers.
final class Readiness: Sendable {
  enum State: Sendable {
    /// The models that it starts with are on their way.
    case loading
    case ready
    /// It will listen no longer in a moment.
    case ending
  }

  private let held = Mutex(State.ready)

  /// What holds now.
  var state: State { held.withLock { $0 } }

  func begin(_ state: State) { held.withLock { $0 = state } }

  /// What was loaded is there; a server that ends meanwhile goes on to end.
  func endLoading() { held.withLock { if $0 == .loading { $0 = .ready } } }

  /// Throws where requests should go elsewhere.
  func check() throws(Refusal) {
    switch state {
    case .loading: throw .loading
    case .ready: break
    case .ending: throw .shuttingDown
    }
  }
}
