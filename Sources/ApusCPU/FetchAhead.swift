internal import Synchronization

/// Memory that a waiting thread fetches into its cache, because the next job will read it.
///
/// Only a hint: addresses are not read, so it does not matter if what was there is gone.
@safe struct FetchAhead: ~Copyable {
  /// Bytes that are fetched at most: they must stay in a second-level cache until they are read.
  static let limit = 1 << 17
  /// Bytes between two looks for work.
  private static let step = 1 << 10

  /// Written last, and 0 once the thread has seen it.
  private let start = Atomic<UInt>(0)
  private let end = Atomic<UInt>(0)

  /// Called by the thread that publishes jobs.
  func set(_ bytes: UnsafeRawBufferPointer) {
    end.store(UInt(bitPattern: bytes.baseAddress) &+ UInt(bytes.count), ordering: .relaxed)
    start.store(UInt(bitPattern: bytes.baseAddress), ordering: .releasing)
  }

  /// What one thread has left to fetch.
  struct Rest {
    fileprivate var position: UInt = 0
    fileprivate var end: UInt = 0
  }

  /// Fetches a little of `rest`, or of what was set since; false if there is nothing.
  func fetchSome(_ rest: inout Rest) -> Bool {
    if start.load(ordering: .relaxed) != 0 {
      let (first, last) = (start.exchange(0, ordering: .acquiring), end.load(ordering: .relaxed))
      // They are of two hints if one came in between: then this ends at once, or at the limit.
      rest = Rest(position: first, end: min(max(first, last), first &+ UInt(Self.limit)))
    }
    guard rest.position < rest.end else { return false }
    let byteCount = min(Self.step, Int(rest.end - rest.position))
    unsafe Kernels.fetch(UnsafeRawPointer(bitPattern: rest.position), byteCount: byteCount)
    rest.position += UInt(byteCount)
    return true
  }
}
