internal import ApusCore
internal import ApusServer
internal import Synchronization

/// A small file that the server reads again when it has changed: written to, or replaced.
final class WatchedFile: ChangingFile {
  let path: String
  /// As it was when it was read last; nil where it was not there.
  private let read = Mutex<FileStamp?>(nil)

  init(_ path: String) { self.path = path }

  func bytes() throws -> [UInt8] {
    // Before it is read: what is written meanwhile counts as a change.
    let stamp = FileStamp(path: path)
    read.withLock { $0 = stamp }
    return try readFile(path)
  }

  var hasChanged: Bool { FileStamp(path: path) != read.withLock { $0 } }
}
