internal import ApusServer
internal import ApusStore
internal import ArgumentParser
internal import Logging

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Where a server keeps what clients come back to.
struct StoreArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      What keeps conversations and answers: a file, a database (postgres://user:password@host/database), or 'none' to \
      keep nothing; by default store.sqlite in apus in the folder for state ($XDG_STATE_HOME, or ~/.local/state), and \
      nothing with --insecure.
      """,
      valueName: "path|url"))
  var store: String?
  @Option(
    help: ArgumentHelp(
      "How long answers of /v1/responses and chats with X-Session are kept once nobody goes on with them.",
      valueName: "days"))
  var storeKeepDays = 30
  @Option(
    help: ArgumentHelp(
      "How long conversations of the chat page are kept once nobody goes on with them; by default always.",
      valueName: "days"))
  var storeKeepConversationsDays: Int?
  @Option(
    help: ArgumentHelp(
      "Bytes of all that is kept for one key; the oldest goes for what is new.", valueName: "size"))
  var storeRoomPerKey = ByteCount(StoreLimits().byteCount)

  func validate() throws {
    for (name, days) in [
      ("--store-keep-days", storeKeepDays), ("--store-keep-conversations-days", storeKeepConversationsDays ?? 1),
    ] {
      guard (1...36_500).contains(days) else { throw ValidationError("\(name) must be 1 to 36500, not \(days)") }
    }
    // The largest answer must fit.
    guard storeRoomPerKey.value >= 16 << 20 else {
      throw ValidationError("--store-room-per-key must be at least 16M, not \(storeRoomPerKey)")
    }
  }

  /// Seconds for which documents of a kind are kept.
  var lifetimes: [DocumentKind: Int] {
    var days: [DocumentKind: Int] = [.response: storeKeepDays, .session: storeKeepDays]
    days[.conversation] = storeKeepConversationsDays
    return days.mapValues { $0 * 86_400 }
  }

  private var limits: StoreLimits {
    var limits = StoreLimits()
    limits.byteCount = storeRoomPerKey.value
    return limits
  }

  /// The store; nil where nothing is to be kept, or where there is no place for it and none was named, which the log is
  /// told.
  ///
  /// Where everyone may ask (`isOpen`), what one says is not kept for all unless a store is named.
  func open(isOpen: Bool, _ logger: Logger) throws(Failure) -> (any DocumentStore)? {
    guard store != "none", store != nil || !isOpen else { return nil }
    do {
      if let store, Self.isAddress(store) { return try PostgreSQLStore(address: store, limits: limits) }
      return try SQLiteStore(path: store ?? Self.usualPath(), limits: limits)
    } catch {
      guard store == nil else { throw Failure("\(error)") }
      logger.warning("nothing is kept", metadata: ["error": "\(error)"])
      return nil
    }
  }

  /// Whether it is meant as an address: one that is written wrongly may hold a password, and is no name of a file.
  private static func isAddress(_ store: String) -> Bool {
    store.contains("://") || store.hasPrefix("postgres:") || store.hasPrefix("postgresql:")
  }

  /// The usual file, in a folder that is there.
  private static func usualPath() throws -> String {
    let environment = ProcessInfo.processInfo.environment
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.local/state"
    try FileManager.default.createDirectory(atPath: state + "/apus", withIntermediateDirectories: true)
    return state + "/apus/store.sqlite"
  }
}
