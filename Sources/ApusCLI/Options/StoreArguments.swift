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

  /// The store; nil where nothing is to be kept, or where there is no place for it and none was named, which the log is
  /// told.
  ///
  /// Where everyone may ask (`isOpen`), what one says is not kept for all unless a store is named.
  func open(isOpen: Bool, _ logger: Logger) throws(Failure) -> (any DocumentStore)? {
    guard store != "none", store != nil || !isOpen else { return nil }
    do {
      if let store, Self.isAddress(store) { return try PostgreSQLStore(address: store) }
      return try SQLiteStore(path: store ?? Self.usualPath())
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
