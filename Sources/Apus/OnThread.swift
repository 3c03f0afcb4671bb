internal import ApusCore
internal import Synchronization

/// Runs `body` on a thread of its own, where it may block; nil where the system gives no thread.
func onThread<Result: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Result) async -> Result? {
  await withCheckedContinuation { continuation in
    // Whoever lets go of a thread waits for its end, but for the thread itself: so it holds itself until then.
    let itself = ThreadHold()
    let thread = DedicatedThread(name: name, stackByteCount: 16 << 20) {
      continuation.resume(returning: body())
      itself.state.withLock { $0 = (nil, hasEnded: true) }
    }
    guard let thread else { return continuation.resume(returning: nil) }
    itself.state.withLock { if !$0.hasEnded { $0.thread = thread } }
  }
}

private final class ThreadHold: Sendable {
  let state = Mutex<(thread: DedicatedThread?, hasEnded: Bool)>((nil, hasEnded: false))
}
