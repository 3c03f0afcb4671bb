internal import Foundation
internal import GRDB

/// A store in one file of SQLite.
///
/// Writes go to a log beside it (WAL) and are on the disk before `put` returns, so the file opens again after a crash at
/// any moment. Several programs may use one file.
package final class SQLiteStore: DocumentStore {
  private let pool: DatabasePool
  private let limits: StoreLimits

  /// Opens the file at `path`, or makes it; its folder must be there.
  package init(path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.limits = limits
    do {
      var configuration = Configuration()
      configuration.label = "apus-store"
      configuration.busyMode = .timeout(5)
      configuration.maximumReaderCount = 2
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      // Its owner's alone; the files beside it get the same rights.
      if !FileManager.default.fileExists(atPath: path) {
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
    } catch {
      throw StoreError("\(path) cannot be used as a store: \(Self.reason(of: error)); name another file, or none")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("documents") { database in
      try database.create(table: "documents") { table in
        table.column("kind", .text).notNull()
        table.column("owner", .text).notNull()
        table.column("id", .text).notNull()
        table.column("title", .text).notNull()
        table.column("time", .integer).notNull()
        table.column("body", .blob).notNull()
        table.primaryKey(["kind", "owner", "id"])
      }
      try database.create(
        index: "documents_by_time", on: "documents", columns: ["kind", "owner", "time"])
    }
    return migrator
  }

  package func put(_ document: Document) async throws(StoreError) {
    try await run { try await self.pool.write { [limits] in try Self.put(document, limits, $0) } }
  }

  package func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool {
    try await run {
      try await self.pool.write { [limits] database in
        guard let document = change(try Self.document(key, database)) else { return false }
        try Self.put(document, limits, database)
        return true
      }
    }
  }

  private static func put(_ document: Document, _ limits: StoreLimits, _ database: Database) throws {
    let key = document.key
    try database.execute(
      sql: """
        INSERT INTO documents (kind, owner, id, title, time, body) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, owner, id) DO UPDATE SET title = excluded.title, time = excluded.time,
          body = excluded.body
        """,
      arguments: [key.kind.rawValue, key.owner, key.id, document.title, document.time, Data(document.body)])
    guard DocumentKind.bounded.contains(key.kind) else { return }
    try database.execute(
      sql: """
        DELETE FROM documents WHERE kind = ?1 AND owner = ?2 AND id IN
          (SELECT id FROM documents WHERE kind = ?1 AND owner = ?2 ORDER BY time DESC, id LIMIT -1 OFFSET ?3)
        """, arguments: [key.kind.rawValue, key.owner, limits.documents])
    try bound(key.owner, to: limits.byteCount, database)
  }

  /// Drops the oldest of an owner's documents until the rest has so many bytes at most.
  private static func bound(_ owner: String, to byteCount: Int, _ database: Database) throws {
    let own = "FROM documents WHERE owner = ?1 AND kind IN (\(DocumentKind.boundedNames))"
    let total = try Int.fetchOne(database, sql: "SELECT COALESCE(SUM(LENGTH(body)), 0) \(own)", arguments: [owner])
    guard total ?? 0 > byteCount else { return }
    try database.execute(
      sql: """
        DELETE FROM documents WHERE rowid IN (
          SELECT number FROM (
            SELECT rowid AS number, SUM(LENGTH(body)) OVER (ORDER BY time DESC, kind DESC, id DESC) AS total \(own))
          WHERE total > ?2)
        """, arguments: [owner, byteCount])
  }

  package func document(_ key: DocumentKey) async throws(StoreError) -> Document? {
    try await run { try await self.pool.read { try Self.document(key, $0) } }
  }

  private static func document(_ key: DocumentKey, _ database: Database) throws -> Document? {
    try Row.fetchOne(
      database, sql: "SELECT title, time, body FROM documents WHERE kind = ? AND owner = ? AND id = ?",
      arguments: [key.kind.rawValue, key.owner, key.id]
    ).map { Document(key, title: $0["title"], time: $0["time"], body: [UInt8]($0["body"] as Data)) }
  }

  package func drop(_ key: DocumentKey) async throws(StoreError) -> Bool {
    try await run {
      try await self.pool.write { database in
        try database.execute(
          sql: "DELETE FROM documents WHERE kind = ? AND owner = ? AND id = ?",
          arguments: [key.kind.rawValue, key.owner, key.id])
        return database.changesCount > 0
      }
    }
  }

  package func drop(_ kind: DocumentKind, before time: Int) async throws(StoreError) {
    try await run {
      var isDone = false
      while !isDone {
        isDone = try await self.pool.write { database in
          try database.execute(
            sql:
              "DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents WHERE kind = ? AND time < ? LIMIT ?)",
            arguments: [kind.rawValue, time, StoreLimits.dropCount])
          return database.changesCount < StoreLimits.dropCount
        }
      }
    }
  }

  package func list(
    _ kind: DocumentKind, of owner: String, before time: Int, limit: Int
  ) async throws(StoreError) -> [DocumentSummary] {
    try await run {
      try await self.pool.read { database in
        try Row.fetchAll(
          database,
          sql: """
            SELECT id, title, time FROM documents WHERE kind = ? AND owner = ? AND time < ?
            ORDER BY time DESC, id LIMIT ?
            """, arguments: [kind.rawValue, owner, time, limit]
        ).map { DocumentSummary(id: $0["id"], title: $0["title"], time: $0["time"]) }
      }
    }
  }

  private func run<Result: Sendable>(_ work: () async throws -> Result) async throws(StoreError) -> Result {
    do {
      return try await work()
    } catch {
      throw StoreError(Self.reason(of: error))
    }
  }

  /// What a person can do something about; SQLite's own words for all else, which hold no part of a document.
  private static func reason(of error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "it failed" }
    return switch error.resultCode {
    case .SQLITE_FULL: "the disk is full"
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: "it may not be written"
    case .SQLITE_CANTOPEN: "it cannot be opened: its folder is missing, or may not be written"
    case .SQLITE_NOTADB, .SQLITE_CORRUPT: "it is no store, or damaged"
    case .SQLITE_BUSY, .SQLITE_LOCKED: "another program keeps it busy"
    case .SQLITE_IOERR: "the disk failed"
    default: error.message ?? "it failed"
    }
  }
}
