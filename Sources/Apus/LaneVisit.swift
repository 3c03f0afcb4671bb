internal import Dispatch
internal import Synchronization

/// Something that a caller has an engine's lane do between two steps.
final class LaneVisit: Sendable {
  private let body: @Sendable (inout Lane) -> Void
  private let onEnd: Mutex<(@Sendable () -> Void)?>

  /// `onEnd` is called once: when `body` has been done, or at the latest when the engine lets go of this.
  init(_ body: @escaping @Sendable (inout Lane) -> Void, onEnd: @escaping @Sendable () -> Void) {
    self.body = body
    self.onEnd = Mutex(onEnd)
  }

  deinit { end() }

  /// Does what was asked for.
  func pay(_ lane: inout Lane) {
    body(&lane)
    end()
  }

  private func end() {
    let onEnd = self.onEnd.withLock { onEnd in
      defer { onEnd = nil }
      return onEnd
    }
    onEnd?()
  }
}

extension EngineInbox {
  /// Returns when the lane has done `body`, or has ended.
  func visit(_ body: @escaping @Sendable (inout Lane) -> Void) async {
    await withCheckedContinuation { continuation in post(.visit(LaneVisit(body) { continuation.resume() })) }
  }

  /// The same for a thread that may block, with what came of it; nil where the lane has ended.
  func visitBlocking<Result: Sendable>(_ body: @escaping @Sendable (inout Lane) -> Result) -> Result? {
    let (brought, end) = (Brought<Result>(), DispatchSemaphore(value: 0))
    post(.visit(LaneVisit({ lane in brought.result.withLock { $0 = body(&lane) } }) { end.signal() }))
    end.wait()
    return brought.result.withLock { $0 }
  }
}

/// What came of a visit.
private final class Brought<Result: Sendable>: Sendable {
  let result = Mutex<Result?>(nil)
}
