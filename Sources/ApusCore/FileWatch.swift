internal import Synchronization

/// Sees whether mapped files still hold what they held when they were opened.
///
/// A file whose size is the same and whose time is not was perhaps only touched or moved: then its contents decide.
package final class FileWatch: Sendable {
  package enum Finding: Sendable, Equatable {
    /// As they were when they were opened or last compared.
    case unchanged
    /// To be compared, with `settle`.
    case touched
    /// Of another size or with other contents, now or at some time before.
    case changed
  }

  private struct State {
    var accepted: [FileStamp]
    var isChanged = false
  }

  private let files: [MappedFile]
  private let headerByteCounts: [Int]
  private let headers: [UInt64]
  private let state: Mutex<State>

  /// Watches `files`, of which the first bytes, as many as `headerByteCounts` says, are compared by the watch itself.
  package init(_ files: [MappedFile], headerByteCounts: [Int]) {
    self.files = files
    self.headerByteCounts = headerByteCounts
    headers = Self.digests(files, headerByteCounts)
    state = Mutex(State(accepted: files.map(\.stamp)))
  }

  /// The first file's path.
  package var path: String { files[0].path }

  /// What the system says about the files; reads none.
  package func look() -> Finding {
    let stamps = files.map { $0.currentStamp() }
    return state.withLock { state in
      if !state.isChanged, zip(stamps, state.accepted).contains(where: { $0?.byteCount != $1.byteCount }) {
        state.isChanged = true
      }
      if state.isChanged { return .changed }
      return stamps == state.accepted ? .unchanged : .touched
    }
  }

  /// Compares files that were touched; `isSame` says whether all that is used of them behind their headers is as it was.
  package func settle(_ isSame: () -> Bool) {
    let stamps = files.compactMap { $0.currentStamp() }
    guard look() == .touched else { return }
    let isUnchanged = Self.digests(files, headerByteCounts) == headers && isSame()
    state.withLock { state in
      if isUnchanged { state.accepted = stamps } else { state.isChanged = true }
    }
  }

  private static func digests(_ files: [MappedFile], _ byteCounts: [Int]) -> [UInt64] {
    zip(files, byteCounts).map { contentDigest(of: $0.bytes.extracting(0..<min($1, $0.byteCount)), at: 0) }
  }
}
