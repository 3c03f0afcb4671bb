internal import Foundation
internal import Synchronization

/// A store in a database of PostgreSQL, which several servers may share.
///
/// What `put` and `update` have returned from is on the database's disk, as far as that tells the truth. A connection
/// that is lost is made again with the next call. Calls wait for each other, on a queue of their own.
package final class PostgreSQLStore: DocumentStore {
  private struct State {
    var connection: PostgreSQLConnection?
    /// Until when nobody tries to connect again, and why the last one failed.
    var pause: (end: ContinuousClock.Instant, reason: StoreError)?
  }

  private typealias Failure = PostgreSQLConnection.Failure

  private let address: String
  private let limit: Int
  private let queue = DispatchQueue(label: "apus-store")
  private let state = Mutex(State())

  /// What waits while the server cannot be reached fails with the one that has tried, not each by itself.
  private static let pause = Duration.seconds(1)

  /// Connects to `address`, `postgres://user:password@host/database`, and makes the table if it is not there.
  ///
  /// Of each kind an owner may have `limit` documents. Blocks for some seconds at most.
  package init(address: String, limit: Int = 10_000) throws(StoreError) {
    self.address = address
    self.limit = limit
    do {
      _ = try state.withLock { state throws(StoreError) in try Self.connected(&state, address) }
    } catch {
      throw StoreError("the PostgreSQL server cannot be used as a store: \(error); name another store, or none")
    }
  }

  // MARK: Documents

  package func put(_ document: Document) async throws(StoreError) {
    try await run { [limit] connection throws(Failure) in try Self.put(document, limit, connection) }
  }

  package func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool {
    try await run { [limit] connection throws(Failure) in
      _ = try connection.execute("BEGIN")
      do throws(Failure) {
        // Also keeps a document apart that is not there yet.
        _ = try connection.execute(
          "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))",
          [.bytes(Array("\(key.kind.rawValue) \(key.id) \(key.owner)".utf8))])
        let new = change(try Self.document(key, connection))
        if let new { try Self.put(new, limit, connection) }
        _ = try connection.execute("COMMIT")
        return new != nil
      } catch {
        // Whether it was done is not known, and done twice it could be wrong.
        guard error != .lost else { throw .refused(Self.unknownEnd) }
        _ = try connection.execute("ROLLBACK")
        throw error
      }
    }
  }

  private static func put(_ document: Document, _ limit: Int, _ connection: PostgreSQLConnection) throws(Failure) {
    let key = document.key
    _ = try connection.execute(
      """
      INSERT INTO apus_documents (kind, owner, id, title, time, body) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (kind, owner, id) DO UPDATE SET title = excluded.title, time = excluded.time, body = excluded.body
      """, names(key) + [.bytes(Array(document.title.utf8)), .number(document.time), .bytes(document.body)])
    _ = try connection.execute(
      """
      DELETE FROM apus_documents WHERE kind = $1 AND owner = $2 AND id IN
        (SELECT id FROM apus_documents WHERE kind = $1 AND owner = $2 ORDER BY time DESC, id OFFSET $3)
      """, [.text(key.kind.rawValue), .bytes(Array(key.owner.utf8)), .number(limit)])
  }

  package func document(_ key: DocumentKey) async throws(StoreError) -> Document? {
    try await run { connection throws(Failure) in try Self.document(key, connection) }
  }

  private static func document(_ key: DocumentKey, _ connection: PostgreSQLConnection) throws(Failure) -> Document? {
    try connection.execute(
      "SELECT title, time, body FROM apus_documents WHERE kind = $1 AND owner = $2 AND id = $3", names(key)
    ).first.map { Document(key, title: text($0[0]), time: number($0[1]), body: $0[2]) }
  }

  package func drop(_ key: DocumentKey) async throws(StoreError) -> Bool {
    try await run { connection throws(Failure) in
      try !connection.execute(
        "DELETE FROM apus_documents WHERE kind = $1 AND owner = $2 AND id = $3 RETURNING 1", Self.names(key)
      ).isEmpty
    }
  }

  package func list(
    _ kind: DocumentKind, of owner: String, before time: Int, limit: Int
  ) async throws(StoreError) -> [DocumentSummary] {
    try await run { connection throws(Failure) in
      try connection.execute(
        """
        SELECT id, title, time FROM apus_documents WHERE kind = $1 AND owner = $2 AND time < $3
        ORDER BY time DESC, id LIMIT $4
        """, [.text(kind.rawValue), .bytes(Array(owner.utf8)), .number(time), .number(limit)]
      ).map { DocumentSummary(id: Self.text($0[0]), title: Self.text($0[1]), time: Self.number($0[2])) }
    }
  }

  /// What a document is found by; bytes hold what a text of PostgreSQL does not.
  private static func names(_ key: DocumentKey) -> [PostgreSQLConnection.Value] {
    [.text(key.kind.rawValue), .bytes(Array(key.owner.utf8)), .bytes(Array(key.id.utf8))]
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// A number as the server sends it: 64 bits, the highest first.
  private static func number(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  // MARK: The connection

  /// Does `work` with a connection, on the queue; where that was lost, once more with a new one, as all work may be done
  /// twice up to its first command.
  private func run<Result: Sendable>(
    _ work: @escaping @Sendable (PostgreSQLConnection) throws(Failure) -> Result
  ) async throws(StoreError) -> Result {
    let result: Swift.Result<Result, StoreError> = await withCheckedContinuation { continuation in
      queue.async { [self] in
        continuation.resume(
          returning: state.withLock { state in
            Swift.Result { () throws(StoreError) in try Self.perform(work, &state, address) }
          })
      }
    }
    return try result.get()
  }

  private static func perform<Result>(
    _ work: (PostgreSQLConnection) throws(Failure) -> Result, _ state: inout State, _ address: String
  ) throws(StoreError) -> Result {
    for _ in 0..<2 {
      let connection = try connected(&state, address)
      do {
        return try work(connection)
      } catch .refused(let code) {
        if code == unknownEnd { state.connection = nil }
        throw StoreError(reason(code))
      } catch {
        state.connection = nil
      }
    }
    // Those that wait behind this one are not to wait as long, each for itself.
    let reason = StoreError("the PostgreSQL server ends its connections, or does not answer in time")
    state.pause = (.now + pause, reason)
    throw reason
  }

  /// The connection that there is, or a new one.
  private static func connected(
    _ state: inout State, _ address: String
  ) throws(StoreError) -> PostgreSQLConnection {
    if let connection = state.connection { return connection }
    if let pause = state.pause, pause.end > .now { throw pause.reason }
    do {
      let connection = try PostgreSQLConnection(address)
      try prepare(connection)
      state.connection = connection
      return connection
    } catch {
      state.pause = (.now + pause, error)
      throw error
    }
  }

  private static func prepare(_ connection: PostgreSQLConnection) throws(StoreError) {
    do {
      // What is acknowledged is on the disk, whatever the database's own setting.
      _ = try connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
      _ = try connection.execute("SELECT set_config('statement_timeout', '8s', false)")
      if try connection.execute("SELECT 1 FROM pg_class WHERE oid = to_regclass('apus_documents')").isEmpty {
        try makeTable(connection)
      }
    } catch .refused(let code) {
      throw StoreError(reason(code))
    } catch {
      throw StoreError("the PostgreSQL server ends its connections, or does not answer in time")
    }
  }

  /// Makes the table, one server at a time: two that begin together must not make it both.
  private static func makeTable(_ connection: PostgreSQLConnection) throws(Failure) {
    for command in [
      "BEGIN", "SELECT pg_advisory_xact_lock(hashtextextended('apus_documents', 0))",
      """
      CREATE TABLE IF NOT EXISTS apus_documents (
        kind text NOT NULL, owner bytea NOT NULL, id bytea NOT NULL, title bytea NOT NULL, time bigint NOT NULL,
        body bytea NOT NULL, PRIMARY KEY (kind, owner, id))
      """,
      "CREATE INDEX IF NOT EXISTS apus_documents_by_time ON apus_documents (kind, owner, time)", "COMMIT",
    ] { _ = try connection.execute(command) }
  }

  /// In place of a code of PostgreSQL: the connection was lost when a change was about to be done.
  private static let unknownEnd = "lost"

  /// What a code of PostgreSQL means for a person; its messages may hold parts of a document.
  private static func reason(_ code: String) -> String {
    switch code {
    case unknownEnd: "the connection was lost, and nobody knows whether it was kept"
    case "53100": "the disk of the PostgreSQL server is full"
    case "25006": "the PostgreSQL server takes no changes"
    case "42501": "the PostgreSQL server does not let the user make or change the table apus_documents"
    case "53300": "the PostgreSQL server has too many connections"
    case "57014": "the PostgreSQL server took too long"
    default: "the PostgreSQL server refuses it with the code \(code)"
    }
  }
}
