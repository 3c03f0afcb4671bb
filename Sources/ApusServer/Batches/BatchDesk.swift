internal import ApusStore
internal import Logging

/// All batches: those that wait, the one that is worked on, and those that have ended.
///
/// One is worked on at a time, the oldest first; one that must wait for a limit of its owner's lets others go first.
actor BatchDesk {
  let files: FileShelf
  nonisolated let limits: BatchLimits
  private let unixTime: @Sendable () -> Int
  private let logger: Logger
  private var batches: [String: Batch] = [:]
  private let earlier: EarlierRun<Batch>
  private var isRead = false
  private var worker: Task<Void, Never>?
  /// The batch that is worked on, and what ends its requests.
  private var current: (id: String, presence: ClientPresence)?
  /// Batches that could not be worked on, or whose owner's limits are met, and when they may be tried again.
  private var delays: [String: ContinuousClock.Instant] = [:]
  private var isClosed = false
  private var answerer: (any BatchAnswerer)?

  init(_ work: FileWork, _ limits: BatchLimits, _ unixTime: @escaping @Sendable () -> Int, _ logger: Logger) {
    earlier = EarlierRun("batches", work)
    files = FileShelf(work, limits, unixTime)
    (self.limits, self.unixTime, self.logger) = (limits, unixTime, logger)
  }

  private var work: FileWork { files.work }

  /// Works on batches from now on, those of an earlier run first.
  func begin(_ answerer: any BatchAnswerer) async {
    self.answerer = answerer
    do throws(Refusal) { try await refresh() } catch { return }
    let open = batches.values.count { !$0.status.isEnd }
    if open > 0 { logger.info("batches go on", metadata: ["count": .stringConvertible(open)]) }
    goOn()
  }

  /// Ends the work; it goes on when the server is started again.
  func close() {
    isClosed = true
    // Answers that have ended are still kept.
    current?.presence.leave(.shutdown)
  }

  /// An owner's batch.
  func batch(_ id: String, of owner: String) async throws(Refusal) -> Batch {
    try await refresh()
    guard let batch = batches[id], batch.owner == owner else {
      throw Refusal(.notFound, "there is no such batch", field: "id")
    }
    return batch
  }

  /// An owner's batches, the newest first.
  func list(of owner: String) async throws(Refusal) -> [Batch] {
    try await refresh()
    return batches.values.filter { $0.owner == owner }.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
  }

  /// Whether a batch that has not ended reads a file.
  func reads(_ file: String) async throws(Refusal) -> Bool {
    try await refresh()
    return batches.values.contains { $0.input == file && !$0.status.isEnd }
  }

  /// Takes a new one.
  func add(_ batch: Batch) async throws(Refusal) {
    let before = try await list(of: batch.owner).count { !$0.status.isEnd }
    // Each writes two files at most.
    try await files.check(2 * (before + 1), of: batch.owner)
    // Counted behind that, so that of many who come together no more are taken than may.
    let all = try await list(of: batch.owner)
    guard all.count(where: { !$0.status.isEnd }) < limits.openBatches else {
      throw Refusal(.queueFull, "there are \(limits.openBatches) batches that have not ended: wait, or cancel some")
        .retry(after: 60)
    }
    do {
      try await save(batch)
    } catch {
      batches[batch.id] = nil
      throw error
    }
    for old in all.filter(\.status.isEnd).dropFirst(limits.batches) { try await drop(old) }
    goOn()
  }

  /// Ends one as soon as that can be; one that has ended stays as it is.
  func cancel(_ id: String, of owner: String) async throws(Refusal) -> Batch {
    var batch = try await batch(id, of: owner)
    guard !batch.status.isEnd, batch.status != .cancelling, batch.status != .finalizing else { return batch }
    batch.become(.cancelling, at: unixTime())
    try await save(batch)
    delays[id] = nil
    if current?.id == id { current?.presence.leave(.clientLeft) }
    goOn()
    return batch
  }

  private func refresh() async throws(Refusal) {
    guard !isRead else { return }
    let all = try await earlier.values()
    let drafts = try await work.run { folder in
      all.filter { !$0.status.isEnd }.map { batch in
        let sizes = [batch.outputDraft, batch.failureDraft].map { folder.size(of: $0) ?? 0 }
        return (batch, byteCount: sizes.reduce(0, +))
      }
    }
    // Who waited with others for it comes when they may have changed something already.
    guard !isRead else { return }
    for (batch, byteCount) in drafts { await files.hold(byteCount, for: batch.id, of: batch.owner) }
    guard !isRead else { return }
    isRead = true
    for batch in all { batches[batch.id] = batch }
  }

  private func save(_ batch: Batch) async throws(Refusal) {
    batches[batch.id] = batch
    try await work.write(batch, to: batch.description)
  }

  private func drop(_ batch: Batch) async throws(Refusal) {
    batches[batch.id] = nil
    try await work.run { try $0.remove(batch.description) }
  }

  /// Works on what waits, unless that is done already.
  private func goOn() {
    guard worker == nil, !isClosed, let answerer else { return }
    worker = Task { [weak self] in
      while let batch = await self?.next() { await self?.finish(batch, answerer) }
    }
  }

  /// The oldest batch that has not ended and need not wait.
  ///
  /// Where all must, it waits for the first whose time has come. Without any, the work ends.
  private func next() async -> Batch? {
    while !isClosed {
      let open = batches.values.filter { !$0.status.isEnd }
      delays = delays.filter { $0.value > .now }
      let ready = open.filter { delays[$0.id] == nil }
      if let batch = ready.min(by: { ($0.created, $0.id) < ($1.created, $1.id) }) { return batch }
      guard !open.isEmpty else { break }
      try? await pause(for: .seconds(1))
    }
    worker = nil
    return nil
  }

  /// Brings a batch to its end.
  ///
  /// Where the folder fails, it is tried again later, and others come first.
  private func finish(_ batch: Batch, _ answerer: any BatchAnswerer) async {
    let presence = ClientPresence()
    current = (batch.id, presence)
    defer { current = nil }
    do {
      let id = batch.id
      if try await !hasInput(batch) {
        try await stop(id, .init(code: "input_file_gone", message: "the file of requests is gone", line: nil))
      } else if batch.status == .validating, batch.end == nil {
        try await BatchRun(self, work, limits).check(id)
      }
      try await BatchRun(self, work, limits).answer(id, answerer, presence)
      guard !isClosed else { return }
      try await settle(id)
    } catch let pause as BatchPause {
      delays[batch.id] = .now + .seconds(pause.seconds)
    } catch {
      guard !isClosed else { return }
      delays[batch.id] = .now + Self.delay
      logger.error("a batch is tried again in \(Self.delay)", metadata: ["batch": "\(batch.id)", "error": "\(error)"])
    }
  }

  private static let delay = Duration.seconds(30)

  /// Whether what it is to answer is still there; one whose answers are all there needs it no more.
  private func hasInput(_ batch: Batch) async throws(Refusal) -> Bool {
    guard batch.end == nil else { return true }
    return try await work.run { $0.size(of: StoredFile.content(batch.input)) } != nil
  }

  /// Ends a batch before all its requests have answers, for a reason that its client is told; what was answered is kept.
  func stop(_ id: String, _ problem: Batch.Problem) async throws(Refusal) {
    guard var batch = batches[id], batch.end == nil, !batch.status.isEnd else { return }
    batch.problems.append(problem)
    batch.end = isExpired(id) ? .expired : .failed
    if current?.id == id { current?.presence.leave(.clientLeft) }
    try await save(batch)
  }

  /// The batch as it is now.
  func state(of id: String) -> Batch? { batches[id] }

  /// Whether more of its requests are to be answered.
  func isOpen(_ id: String) -> Bool {
    guard let batch = batches[id], !isClosed else { return false }
    return batch.status == .inProgress && batch.end == nil && unixTime() < batch.expires
  }

  /// Whether its time is over.
  func isExpired(_ id: String) -> Bool {
    guard let batch = batches[id], !isClosed else { return false }
    return batch.status == .inProgress && batch.end == nil && unixTime() >= batch.expires
  }

  /// Keeps what has become of the file's check.
  func note(_ id: String, total: Int, problems: [Batch.Problem]) async throws(Refusal) {
    guard var batch = batches[id], batch.status == .validating else { return }
    (batch.total, batch.problems) = (total, problems)
    batch.become(problems.isEmpty ? .inProgress : .failed, at: unixTime())
    try await save(batch)
    guard problems.isEmpty else { return logEnd(batch) }
    logger.info(
      "batch began",
      metadata: ["batch": "\(id)", "endpoint": "\(batch.endpoint)", "requests": .stringConvertible(total)])
  }

  /// Counts answers; what is on the disk are these themselves.
  func count(_ id: String, completed: Int = 0, failed: Int = 0) {
    batches[id]?.completed += completed
    batches[id]?.failed += failed
  }

  /// Puts the files of a batch in their places, and ends it.
  private func settle(_ id: String) async throws(Refusal) {
    guard var batch = batches[id], !batch.status.isEnd else { return }
    let now = unixTime()
    if batch.output == nil {
      let usual: Batch.Status =
        switch batch.status {
        case .cancelling: .cancelled
        case .inProgress where batch.completed + batch.failed < batch.total: .expired
        default: .completed
        }
      batch.end = batch.end ?? usual
      if batch.status != .cancelling { batch.become(.finalizing, at: now) }
      batch.output = newLongIdentifier("file-")
      batch.failures = newLongIdentifier("file-")
      try await save(batch)
    }
    batch.output = try await adopt(batch.output, batch.outputDraft, "output", batch, now)
    batch.failures = try await adopt(batch.failures, batch.failureDraft, "errors", batch, now)
    batch.become(batch.end ?? .completed, at: now)
    try await save(batch)
    await files.release(id)
    logEnd(batch)
  }

  private func logEnd(_ batch: Batch) {
    var metadata: Logger.Metadata = [
      "batch": "\(batch.id)", "status": "\(batch.status.rawValue)", "completed": .stringConvertible(batch.completed),
      "failed": .stringConvertible(batch.failed),
    ]
    // Codes alone: messages may tell of what the file holds.
    if let problem = batch.problems.first { metadata["error"] = "\(problem.code)" }
    logger.info("batch ended", metadata: metadata)
  }

  /// Makes a file of what was collected; nil where that is nothing.
  private func adopt(
    _ id: String?, _ draft: String, _ name: String, _ batch: Batch, _ now: Int
  ) async throws(Refusal) -> String? {
    guard let id else { return nil }
    let size = try await work.run { $0.size(of: draft) ?? $0.size(of: StoredFile.content(id)) }
    guard let size, size > 0 else { return nil }
    let file = StoredFile(
      id: id, owner: batch.owner, filename: "\(batch.id)_\(name).jsonl", purpose: "batch_output", byteCount: size,
      created: now, expires: now + (batch.outputLifetime ?? limits.lifetime))
    try await files.adopt(file, from: draft, by: batch.id)
    return id
  }
}
