internal import ApusStore
internal import Logging

/// What is done from time to time while a server runs: what is too old goes, and counts are kept.
struct Upkeep: Sendable {
  private static let interval = Duration.seconds(30)
  /// Rounds of which one looks for old documents.
  private static let documentRounds = 120
  private let service: ModelService

  init(_ service: ModelService) { self.service = service }

  /// Does so until its task is cancelled.
  func run() async throws {
    var round = 0
    while true {
      await perform(withDocuments: round.isMultiple(of: Self.documentRounds))
      round += 1
      try await pause(for: Self.interval)
    }
  }

  /// Does all of it once.
  func perform(withDocuments: Bool = true) async {
    _ = await service.usageKeeper.keep()
    // A folder that fails is told to the log there.
    try? await service.batches?.files.refresh()
    if withDocuments { await dropDocuments() }
  }

  private func dropDocuments() async {
    guard let store = service.configuration.store else { return }
    let now = service.configuration.unixTime()
    for (kind, seconds) in service.configuration.documentLifetimes {
      do throws(StoreError) {
        try await store.drop(kind, before: (now - seconds) * 1000)
      } catch {
        service.logger.error("old documents were not dropped", metadata: ["error": "\(error)"])
      }
    }
  }
}
