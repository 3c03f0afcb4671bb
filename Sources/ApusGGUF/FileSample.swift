internal import ApusCore
internal import Synchronization

/// A digest of a file's headers and of a few pages of each tensor, which is taken when it is first asked for.
///
/// It tells the files of different models apart without reading all of them: a fine-tuning changes nearly all values of the
/// tensors that it changes at all. A file in which single weights were changed by hand may have the digest of the one
/// that it was made of.
package final class FileSample: Sendable {
  private let file: GGUFFile
  private let known = Mutex<UInt64?>(nil)
  private static let pieceByteCount = 4096

  package init(_ file: GGUFFile) { self.file = file }

  /// The digest; blocks while two pages of each tensor are read the first time, another caller too.
  package var value: UInt64 {
    known.withLock { known in
      let value = known ?? Self.read(file)
      known = value
      return value
    }
  }

  private static func read(_ file: GGUFFile) -> UInt64 {
    var (sum, place): (UInt64, Int) = (0, 0)
    func add(_ bytes: RawSpan) {
      sum &+= contentDigest(of: bytes, at: place)
      place += bytes.byteCount
    }
    for (part, count) in zip(file.files, file.headerByteCounts) {
      add(part.bytes.extracting(0..<min(count, part.byteCount)))
    }
    for tensor in file.tensors {
      let bytes = file.bytes(of: tensor)
      for start in Set([0, bytes.count / 2]).sorted() {
        unsafe add(bytes.extracting(start..<min(bytes.count, start + pieceByteCount)).bytes)
      }
    }
    return sum
  }
}
