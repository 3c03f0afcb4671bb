internal import ApusCore
internal import ApusServer
private import ApusSystem
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

  /// What to say of a file with a secret that every user of the machine can read; nil where there is nothing to say.
  static func warning(ofSecretAt path: String) -> String? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IROTH != 0 else { return nil }
    return "\(path) can be read by every user of this machine: chmod o-r would keep it secret"
  }
}
