internal import Synchronization

/// Runs `body` on a thread of its own, where it may block; it is told when the caller's task is cancelled.
func onStoppableThread<Result: Sendable>(
  _ name: String,
  _ body: @escaping @Sendable (_ isStopped: @Sendable () -> Bool) throws(ApusError) -> Result
) async throws(ApusError) -> Result {
  let flag = StopFlag()
  let result = await withTaskCancellationHandler {
    await onThread(name) { Swift.Result { () throws(ApusError) in try body { flag.isSet } } }
  } onCancel: {
    flag.set()
  }
  guard let result else {
    throw .engineFailed(reason: "the operating system gives no thread to work with: raise its limit on threads")
  }
  return try result.get()
}

private final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
