internal import ApusCore
private import ApusSystem
internal import Dispatch
internal import Synchronization

/// Writes log lines on a thread of its own, so that nobody who logs ever waits for a reader.
///
/// Lines that come faster than they are read are kept up to a limit. Beyond it they are dropped, and a line says how many
/// as soon as there is room. The thread lives as long as the program: it may be waiting for a reader that never comes.
final class LogWriter: Sendable {
  private struct State {
    var pending: [UInt8] = []
    var dropped = 0
    var isWriting = false
    var thread: DedicatedThread?
  }

  /// Bytes of lines that wait for the reader.
  private static let limit = 1 << 20

  private let descriptor: Int32
  private let note: @Sendable (_ dropped: Int) -> [UInt8]
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  /// Writes to `descriptor`; nil where the operating system gives no thread.
  ///
  /// - Parameters:
  ///   - name: What its thread is called.
  ///   - descriptor: Where the lines go.
  ///   - note: The line that says how many lines were dropped; empty to say nothing there.
  init?(name: String = "apus-log", descriptor: Int32, note: @escaping @Sendable (_ dropped: Int) -> [UInt8]) {
    self.descriptor = descriptor
    self.note = note
    // The thread and this hold each other, for good.
    guard let thread = DedicatedThread(name: name, stackByteCount: 256 << 10, { self.run() }) else { return nil }
    state.withLock { $0.thread = thread }
  }

  /// Takes a line; never waits.
  func write(_ line: [UInt8]) {
    state.withLock { state in
      guard state.pending.count + line.count <= Self.limit else { return state.dropped += 1 }
      state.pending += line
    }
    wake.signal()
  }

  /// Waits until all lines are written, or half a second where nobody reads them.
  func finish() {
    let end = DispatchTime.now() + .milliseconds(500)
    while DispatchTime.now() < end, state.withLock({ $0.isWriting || !$0.pending.isEmpty }) {
      usleep(2000)
    }
  }

  private func run() {
    while true {
      wake.wait()
      let (lines, dropped) = state.withLock { state in
        defer {
          state.isWriting = !state.pending.isEmpty
          state.pending = []
          state.dropped = 0
        }
        return (state.pending, state.dropped)
      }
      guard !lines.isEmpty else { continue }
      let failure = writeAll(dropped > 0 ? lines + note(dropped) : lines, to: descriptor)
      let lost = failure == nil ? 0 : dropped + lines.count { $0 == UInt8(ascii: "\n") }
      state.withLock { state in
        state.isWriting = false
        state.dropped += lost
      }
    }
  }
}
