internal import Dispatch
internal import Synchronization

/// Wakes a thread that has nothing to do; rings that come while it is awake count as one.
final class Bell: Sendable {
  private let isRung = Atomic<Bool>(false)
  private let semaphore = DispatchSemaphore(value: 0)

  /// Called after what the thread should see was written.
  func ring() {
    if !isRung.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
  }

  /// Returns after a ring that no earlier call has returned after, or when `time` is over; nil is never.
  func wait(atMost time: Duration?) {
    if let time {
      guard semaphore.wait(timeout: .now() + time / .seconds(1)) == .success else { return }
    } else {
      semaphore.wait()
    }
    _ = isRung.exchange(false, ordering: .acquiringAndReleasing)
  }
}
