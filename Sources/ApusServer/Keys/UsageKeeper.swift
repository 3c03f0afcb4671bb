internal import ApusStore
internal import Logging

/// Has a store keep what clients have used, so that it outlives the server, and adds what other servers have counted.
actor UsageKeeper {
  private static let key = DocumentKey(.usage, owner: "", id: "all")
  private let ledger: UsageLedger
  private let store: (any DocumentStore)?
  /// What tells this run of the server from others.
  private let writer = newLongIdentifier("")
  /// Seconds since 1970.
  private let unixTime: @Sendable () -> Int
  private let started: Int
  private let logger: Logger
  private var running: Task<Bool, Never>?
  private var isFailing = false

  /// Keeps nothing where there is no store.
  init(
    _ ledger: UsageLedger, _ store: (any DocumentStore)?, _ unixTime: @escaping @Sendable () -> Int, _ logger: Logger
  ) {
    (self.ledger, self.store, self.unixTime, self.logger) = (ledger, store, unixTime, logger)
    started = unixTime()
  }

  /// Writes what is new and reads what others have added; false where nothing is kept, or the store fails.
  ///
  /// What it could not write stays here until it can.
  func keep() async -> Bool {
    guard let store else { return false }
    if let running { return await running.value }
    let task = Task {
      let isKept = await attempt(store)
      running = nil
      return isKept
    }
    running = task
    return await task.value
  }

  /// Writes what is left when the server ends, unless the store takes longer than that.
  func finish(within limit: Duration) async {
    let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
    Task {
      // What began before may not have all.
      _ = await running?.value
      _ = await keep()
      continuation.finish()
    }
    Task {
      try? await pause(for: limit)
      continuation.finish()
    }
    // In a task of its own: one that is cancelled would not wait.
    await Task { for await _ in ends {} }.value
  }

  private func attempt(_ store: any DocumentStore) async -> Bool {
    do throws(StoreError) {
      // The first may only clear up what became of an earlier one that failed.
      for round in 0..<2 where round == 0 || ledger.hasNews { try await exchange(store) }
      isFailing = false
      return true
    } catch {
      if !isFailing {
        logger.error("the usage of keys is not kept for now, and stays in memory", metadata: ["error": "\(error)"])
      }
      isFailing = true
      return false
    }
  }

  /// Adds what is new to the store's counts, and takes all of these.
  private func exchange(_ store: any DocumentStore) async throws(StoreError) {
    let (accounts, number) = ledger.parcel()
    let (writer, started, now) = (writer, started, unixTime())
    if !accounts.isEmpty {
      _ = try await store.update(Self.key) { document in
        // What cannot be read is not overwritten.
        guard var record = document.map({ UsageRecord($0.body) }) ?? UsageRecord(since: started),
          record.add(accounts, number: number, of: writer, at: now), let bytes = record.bytes
        else { return nil }
        return Document(Self.key, time: Document.now, body: bytes)
      }
    }
    let document = try await store.document(Self.key)
    guard let record = document.map({ UsageRecord($0.body) }) ?? UsageRecord(since: started) else {
      throw StoreError("what it has of the usage of keys cannot be read")
    }
    ledger.settle(record.accounts, since: record.since)
  }
}
