internal import Synchronization

/// A line on standard error that shows how far a task has come, where a person sees it; else nothing.
///
/// Any thread may update it: its state is behind a lock.
package final class ProgressBar: Sendable {
  private struct State {
    var drawn = ""
    var isFinished = false
  }

  private let title: String
  /// What happens quickly draws nothing.
  private let firstDraw = ContinuousClock.now + .milliseconds(150)
  private let isVisible = Terminal.isError && Terminal.canMoveCursor
  private let state = Mutex(State())

  /// A bar that says what is done.
  init(_ title: String) { self.title = title }

  /// Shows `done` of `total`.
  func update(_ done: Int, of total: Int) {
    guard isVisible, total > 0, ContinuousClock.now >= firstDraw else { return }
    let line = Self.line(title, share: Double(done) / Double(total), columns: Terminal.columns)
    state.withLock { state in
      guard !state.isFinished, state.drawn != line else { return }
      state.drawn = line
      StandardError.write("\r" + line)
    }
  }

  /// Removes the line; it does not come back.
  func finish() {
    state.withLock { state in
      if !state.drawn.isEmpty && !state.isFinished { StandardError.write("\r\u{1B}[K") }
      state.isFinished = true
    }
  }

  /// One line of at most `columns - 1` columns.
  package static func line(_ title: String, share: Double, columns: Int) -> String {
    let share = min(max(share, 0), 1)
    let percent = String(Int(share * 100))
    let ending = String(repeating: " ", count: 3 - percent.count) + percent + "%"
    let room = columns - 1 - title.count - ending.count - 4
    guard room >= 5 else { return String((title + " " + ending).prefix(max(0, columns - 1))) }
    let width = min(room, 40)
    let filled = Int(share * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(title) [\(bar)] \(ending)"
  }
}
