internal import ApusServer
internal import Synchronization

/// A file in memory that a test may change.
final class MemoryFile: ChangingFile {
  private struct State {
    var text: String?
    var isNew = true
    var looks = 0
  }

  let path: String
  private let state = Mutex(State())

  init(_ text: String, path: String = "keys.txt") {
    self.path = path
    write(text)
  }

  func write(_ text: String?) {
    state.withLock { state in
      state.text = text
      state.isNew = true
    }
  }

  var looks: Int { state.withLock { $0.looks } }

  func bytes() throws -> [UInt8] {
    try state.withLock { state in
      state.isNew = false
      guard let text = state.text else { throw CancellationError() }
      return Array(text.utf8)
    }
  }

  var hasChanged: Bool {
    state.withLock { state in
      state.looks += 1
      return state.isNew
    }
  }
}
