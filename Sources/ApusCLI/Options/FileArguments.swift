internal import ApusServer
internal import ApusStore
internal import ArgumentParser

/// Where a server keeps files and batches of clients, and how many.
struct FileArguments: ParsableArguments {
  private static let usual = BatchLimits()

  @Option(
    help: ArgumentHelp(
      "A folder for files and batches of clients (/v1/files, /v1/batches); without it there are none.",
      valueName: "folder"),
    completion: .directory)
  var files: String?
  @Option(help: ArgumentHelp("Bytes of all files together.", valueName: "size"))
  var filesRoom = ByteCount(usual.allFilesByteCount)
  @Option(help: ArgumentHelp("Bytes of all files of one key, those of its batches included.", valueName: "size"))
  var filesRoomPerKey = ByteCount(usual.ownerByteCount)
  @Option(help: ArgumentHelp("Files of one key.", valueName: "n"))
  var filesPerKey = usual.files
  @Option(
    help: ArgumentHelp("How long files stay whose clients do not say when they expire.", valueName: "days"))
  var filesKeepDays = usual.lifetime / 86_400
  @Option(help: ArgumentHelp("Bytes of a file that a client sends.", valueName: "size"))
  var fileSize = ByteCount(usual.fileByteCount)
  @Option(help: ArgumentHelp("Requests of a batch.", valueName: "n"))
  var batchRequests = usual.lines
  @Option(help: ArgumentHelp("Bytes of one request of a batch.", valueName: "size"))
  var batchRequestSize = ByteCount(usual.lineByteCount)
  @Option(help: ArgumentHelp("Batches of one key that have not ended.", valueName: "n"))
  var batchesPerKey = usual.openBatches

  func validate() throws {
    for (name, value, range) in [
      ("--files-per-key", filesPerKey, 1...1_000_000), ("--files-keep-days", filesKeepDays, 1...36_500),
      ("--batch-requests", batchRequests, 1...10_000_000), ("--batches-per-key", batchesPerKey, 1...10_000),
    ] {
      guard range.contains(value) else {
        throw ValidationError("\(name) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    // A request is held in memory as a whole.
    guard batchRequestSize.value <= 64 << 20 else {
      throw ValidationError("--batch-request-size must be at most 64M, not \(batchRequestSize)")
    }
  }

  /// What files and batches may be.
  var limits: BatchLimits {
    var limits = BatchLimits()
    limits.allFilesByteCount = filesRoom.value
    limits.ownerByteCount = filesRoomPerKey.value
    limits.files = filesPerKey
    limits.lifetime = filesKeepDays * 86_400
    limits.fileByteCount = fileSize.value
    limits.lines = batchRequests
    limits.lineByteCount = batchRequestSize.value
    limits.openBatches = batchesPerKey
    return limits
  }

  /// The folder; nil where none is named.
  func open() throws(Failure) -> FileFolder? {
    guard let files else { return nil }
    do {
      return try FileFolder(path: files, sections: FileFolder.batchSections)
    } catch {
      throw Failure("\(error)")
    }
  }
}
