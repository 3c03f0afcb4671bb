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
  /// What is on its way to becoming files, by the id of the upload or the batch that writes it.
  private var drafts: [String: (owner: String, byteCount: Int)] = [:]

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

  /// Makes room for more bytes of what an upload or a batch of an owner writes; throws where there is none.
  func reserve(_ byteCount: Int, for writer: String, of owner: String) async throws(Refusal) {
    try await refresh()
    guard held(by: owner) + byteCount <= limits.ownerByteCount else {
      throw Refusal(.tooLarge, "all your files together may have \(limits.ownerByteCount) bytes: delete some")
    }
    guard held(by: nil) + byteCount <= limits.allFilesByteCount else {
      throw Refusal(.tooLarge, "the server has no room for more files: delete some")
    }
    hold((drafts[writer]?.byteCount ?? 0) + byteCount, for: writer, of: owner)
  }

  /// Takes note of all that an upload or a batch has written by now.
  func hold(_ byteCount: Int, for writer: String, of owner: String) { drafts[writer] = (owner, byteCount) }

  /// Gives the room of an upload or a batch back, but for that of its files.
  func release(_ writer: String) { drafts[writer] = nil }

  /// Bytes of an owner's files and drafts, or of all.
  private func held(by owner: String?) -> Int {
    let whole = files.values.reduce(0) { owner ?? $1.owner == $1.owner ? $0 + $1.byteCount : $0 }
    return drafts.values.reduce(whole) { owner ?? $1.owner == $1.owner ? $0 + $1.byteCount : $0 }
  }

  /// Throws where an owner may not have so many files more.
  func check(_ count: Int, of owner: String) async throws(Refusal) {
    try await refresh()
    guard files.values.count(where: { $0.owner == owner }) + count <= limits.files else {
      throw .invalid(
        "file", "there may be \(limits.files) files, with two of each open batch where one is made: delete some")
    }
  }

  /// Makes a file of what an upload has written under another name.
  func keep(_ file: StoredFile, from draft: String) async throws(Refusal) {
    try await check(1, of: file.owner)
    try await adopt(file, from: draft, by: file.id)
  }

  /// The same for what a batch has written, also where that was begun before a crash.
  func adopt(_ file: StoredFile, from draft: String, by writer: String) async throws(Refusal) {
    try await work.run { folder in
      if folder.size(of: draft) != nil { try folder.move(draft, to: file.content) }
    }
    try await work.write(file, to: file.description)
    files[file.id] = file
    if let held = drafts[writer] { hold(max(0, held.byteCount - file.byteCount), for: writer, of: held.owner) }
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
  func refresh() async throws(Refusal) {
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
