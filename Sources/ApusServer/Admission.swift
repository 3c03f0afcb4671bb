internal import Synchronization

/// Bounds the requests that the engine works on or that wait for it.
final class Admission: Sendable {
  private struct State {
    var admitted = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let limit: Int

  /// Admits `limit` requests at a time.
  init(limit: Int) { self.limit = limit }

  /// A place for one request; throws where there is none.
  func admit() throws(APIError) -> AdmissionPermit {
    let refusal: APIError? = state.withLock { state in
      if state.isClosed { return .shuttingDown }
      if state.admitted >= limit { return .queueFull }
      state.admitted += 1
      return nil
    }
    if let refusal { throw refusal }
    return AdmissionPermit(self)
  }

  /// Admits nothing more.
  func close() { state.withLock { $0.isClosed = true } }

  /// Requests that are worked on or wait.
  var count: Int { state.withLock { $0.admitted } }

  /// Whether nothing more is admitted.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  fileprivate func release() { state.withLock { $0.admitted -= 1 } }
}

/// The place of one admitted request; free again when the last reference is gone, which is when its answer has ended.
final class AdmissionPermit: Sendable {
  private let admission: Admission

  fileprivate init(_ admission: Admission) { self.admission = admission }

  deinit { admission.release() }
}
