internal import ApusStore
internal import Foundation

/// The files that clients have sent or batches have written, by their owners.
actor FileShelf {
  let work: FileWork
  private let limits: BatchLimits
  private let unixTime: @Sendable () -> Int
  private var files: [String: StoredFile] = [:]
  private let earlier: EarlierRun<StoredFile>
  private var isRead = false
  /// Bytes of files that are on their way.
  private var incoming = 0

  init(_ work: FileWork, _ limits: BatchLimits, _ unixTime: @escaping @Sendable () -> Int) {
    (self.work, self.limits, self.unixTime) = (work, limits, unixTime)
    earlier = EarlierRun("files", work)
  }

  /// An owner's file; nil where there is none, or not any more.
  func file(_ id: String, of owner: String) async throws(Refusal) -> StoredFile? {
    try await refresh()
    return files[id].flatMap { $0.owner == owner ? $0 : nil }
  }

  /// An owner's files, the oldest first.
  func list(of owner: String) async throws(Refusal) -> [StoredFile] {
    try await refresh()
    return files.values.filter { $0.owner == owner }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
  }

  /// Makes room for more bytes of a file that comes; throws where there is none.
  func reserve(_ byteCount: Int) async throws(Refusal) {
    try await refresh()
    let held = files.values.reduce(incoming) { $0 + $1.byteCount }
    guard held + byteCount <= limits.allFilesByteCount else {
      throw Refusal(.tooLarge, "the server has no room for more files: delete some")
    }
    incoming += byteCount
  }

  /// Gives such room back.
  func release(_ byteCount: Int) { incoming -= byteCount }

  /// Makes a file of what was written under another name.
  func keep(_ file: StoredFile, from draft: String) async throws(Refusal) {
    try await refresh()
    guard files.values.count(where: { $0.owner == file.owner }) < limits.files else {
      throw .invalid("file", "there are \(limits.files) files already: delete some")
    }
    try await adopt(file, from: draft)
  }

  /// The same for what a batch has written, also where that was begun before a crash.
  func adopt(_ file: StoredFile, from draft: String) async throws(Refusal) {
    try await work.run { folder in
      if folder.size(of: draft) != nil { try folder.move(draft, to: file.content) }
    }
    try await work.write(file, to: file.description)
    files[file.id] = file
  }

  /// Drops a file.
  func drop(_ file: StoredFile) async throws(Refusal) {
    files[file.id] = nil
    try await work.run { folder in
      try folder.remove(file.description)
      try folder.remove(file.content)
    }
  }

  /// Reads the folder first, and drops what has expired.
  private func refresh() async throws(Refusal) {
    if !isRead { try await read() }
    let now = unixTime()
    for file in files.values where file.expires.map({ $0 <= now }) ?? false { try await drop(file) }
  }

  private func read() async throws(Refusal) {
    let all = try await earlier.values()
    // Who waited with others for it comes when they may have changed something already.
    guard !isRead else { return }
    isRead = true
    for file in all { files[file.id] = file }
  }
}

/// What files and batches may be.
package struct BatchLimits: Sendable {
  /// Bytes of a file that is sent.
  package var fileByteCount = 100 << 20
  /// Bytes of all files.
  package var allFilesByteCount = 4 << 30
  /// Files of one owner.
  package var files = 1000
  /// Requests of a batch.
  package var lines = 50_000
  /// Bytes of one of them.
  package var lineByteCount = 1 << 20
  /// Batches of one owner that have not ended.
  package var openBatches = 100
  /// Batches of one owner that are remembered; those that ended first are dropped.
  package var batches = 1000

  package init() {}
}
