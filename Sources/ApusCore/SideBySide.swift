private import ApusSystem
internal import Synchronization

/// The results of `body` for `0..<count`, in order, computed on as many threads as there are cores.
///
/// Where the system gives fewer threads, the caller's does the rest. Only for pieces of work of milliseconds, at least:
/// starting a thread takes tens of microseconds.
package func sideBySide<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
  let pieces = Pieces(count, body)
  var threads = (1..<max(1, min(count, coreCount))).map { _ in
    DedicatedThread(name: "apus-pieces", stackByteCount: 1 << 20) { pieces.work() }
  }
  pieces.work()
  // Letting go of a thread waits for its end.
  threads.removeAll()
  return pieces.results
}

private var coreCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

/// Pieces of work that threads take one by one, and what came of them.
private final class Pieces<Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var results: [Result?]
  }

  private let count: Int
  private let body: @Sendable (Int) -> Result
  private let state: Mutex<State>

  init(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) {
    self.count = count
    self.body = body
    state = Mutex(State(results: [Result?](repeating: nil, count: count)))
  }

  var results: [Result] { state.withLock { $0.results.compactMap(\.self) } }

  func work() {
    while let piece = takePiece() {
      let result = body(piece)
      state.withLock { $0.results[piece] = result }
    }
  }

  private func takePiece() -> Int? {
    state.withLock { state in
      guard state.next < count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }
}
