internal import Synchronization

/// Someone who waits for the model's file to be compared; goes on at the latest when the engine lets go of this.
final class FileComparison: Sendable {
  private let waiter: Mutex<CheckedContinuation<Void, Never>?>

  init(_ waiter: CheckedContinuation<Void, Never>) { self.waiter = Mutex(waiter) }

  deinit { end() }

  /// Lets it go on.
  func end() {
    let waiter = self.waiter.withLock { waiter in
      defer { waiter = nil }
      return waiter
    }
    waiter?.resume()
  }
}
