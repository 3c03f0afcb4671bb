private import ApusSystem

/// Where a writer's bytes go, piece by piece.
protocol Output: AnyObject {
  func append(_ bytes: Span<UInt8>) throws(GGUFError)
}

/// Bytes collected in memory.
final class OutputBytes: Output {
  private(set) var bytes: [UInt8] = []

  func append(_ piece: Span<UInt8>) { bytes += copy(piece) }
}

/// A file that is written beside its final name and takes that name when it is complete.
///
/// One owner writes it, from one thread. Dropped before `finish`, it leaves nothing behind.
final class OutputFile: Output {
  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isFinished = false

  init(path: String, isPrivate: Bool = false) throws(GGUFError) {
    self.path = path
    partialPath = path + ".partial"
    guard !path.utf8.contains(0) else {
      throw GGUFError(.unreadable, path: path, .file, expected: "a name", found: "its name contains a zero byte")
    }
    let rights: mode_t = isPrivate ? 0o600 : 0o644
    descriptor = unsafe open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, rights)
    guard descriptor >= 0 else { throw Self.failure(partialPath, "cannot be created") }
  }

  deinit {
    close(descriptor)
    if !isFinished { unsafe unlink(partialPath) }
  }

  func append(_ bytes: Span<UInt8>) throws(GGUFError) {
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(done..<bytes.count)
      let count = unsafe rest.withUnsafeBufferPointer { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(partialPath, "cannot be written") }
      done += count
    }
  }

  /// Puts the bytes on the disk and gives the file its name.
  func finish() throws(GGUFError) {
    guard fsync(descriptor) == 0 else { throw Self.failure(partialPath, "cannot be written") }
    guard unsafe rename(partialPath, path) == 0 else { throw Self.failure(path, "cannot be created") }
    isFinished = true
  }

  private static func failure(_ path: String, _ what: String) -> GGUFError {
    let isFull = errno == ENOSPC || errno == EDQUOT
    let reason = unsafe String(cString: strerror(errno)) + (isFull ? ": make room, or write to another disk" : "")
    return GGUFError(.unreadable, path: path, .file, expected: "a writable file", found: "\(what): \(reason)")
  }
}
