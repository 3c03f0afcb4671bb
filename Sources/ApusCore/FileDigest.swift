internal import Synchronization

/// The digest of all bytes of some files, which is taken when it is first asked for.
package final class FileDigest: Sendable {
  private let files: [MappedFile]
  private let known = Mutex<UInt64?>(nil)
  private static let pieceByteCount = 8 << 20

  package init(_ files: [MappedFile]) { self.files = files }

  /// The digest; reads all of the files the first time.
  ///
  /// Nil soon after `shouldStop` says so.
  /// Blocks meanwhile, another caller too.
  package func value(shouldStop: () -> Bool) -> UInt64? {
    known.withLock { known in
      known = known ?? Self.read(files, shouldStop)
      return known
    }
  }

  private static func read(_ files: [MappedFile], _ shouldStop: () -> Bool) -> UInt64? {
    var (sum, place): (UInt64, Int) = (0, 0)
    for file in files {
      for start in stride(from: 0, to: file.byteCount, by: pieceByteCount) {
        if shouldStop() { return nil }
        let end = min(file.byteCount, start + pieceByteCount)
        sum &+= contentDigest(of: file.bytes.extracting(start..<end), at: place)
        place += end - start
      }
    }
    return sum
  }
}
