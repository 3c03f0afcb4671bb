internal import Apus
internal import Synchronization

/// Bounds the requests that the engine works on or that wait for it.
final class Admission: Sendable {
  private struct State {
    var admitted = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let currentLimit: @Sendable () -> Int
  private let retryAfter: @Sendable () -> Int

  /// Admits as many requests at a time as `currentLimit` says; one more is told to come again after `retryAfter` seconds.
  init(currentLimit: @escaping @Sendable () -> Int, retryAfter: @escaping @Sendable () -> Int) {
    self.currentLimit = currentLimit
    self.retryAfter = retryAfter
  }

  /// Requests that are admitted at a time.
  var limit: Int { currentLimit() }

  /// A place for one request, which keeps `other` too; throws where there is none.
  func admit(beside other: AdmissionPermit? = nil) throws(Refusal) -> AdmissionPermit {
    let limit = limit
    let isTaken = try state.withLock { state throws(Refusal) in
      if state.isClosed { throw .shuttingDown }
      guard state.admitted < limit else { return false }
      state.admitted += 1
      return true
    }
    guard isTaken else { throw .queueFull(retryAfter: secondsUntilPlace) }
    return AdmissionPermit(self, beside: other)
  }

  /// Seconds until a place may be free.
  var secondsUntilPlace: Int { retryAfter() }

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
  private let other: AdmissionPermit?

  fileprivate init(_ admission: Admission, beside other: AdmissionPermit?) {
    self.admission = admission
    self.other = other
  }

  deinit { admission.release() }
}

extension EngineMetrics {
  /// Seconds, rounded up, until a place may be free: the time that the engine has worked, divided by the completions
  /// that have ended; from 1 to 60, and 2 before the first has ended.
  var secondsUntilPlace: Int {
    let ended = completedRequests + cancelledRequests + failedRequests
    guard ended > 0 else { return 2 }
    return min(60, Int((busyTime / ended).components.seconds) + 1)
  }
}
