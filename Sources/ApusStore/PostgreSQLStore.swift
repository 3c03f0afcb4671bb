internal import Foundation
internal import Synchronization

/// A store in a database of PostgreSQL, which several servers may share.
///
/// What `put` and `update` have returned from is on the database's disk, as far as that tells the truth. A connection
/// that is lost is made again with the next call. A few calls are done at the same time, each on a connection of its own
/// that is made when it is first needed; more of them wait.
package final class PostgreSQLStore: DocumentStore {
  private struct State {
    var connection: PostgreSQLConnection?
    /// Until when nobody tries to connect again, and why the last one failed.
    var pause: (end: ContinuousClock.Instant, reason: StoreError)?
  }

  /// One connection, and the thread that waits for it.
  private final class Lane: Sendable {
    let queue = DispatchQueue(label: "apus-store")
    let state = Mutex(State())
  }

  private typealias Failure = PostgreSQLConnection.Failure

  private static let laneCount = 4

  private let address: String
  private let limits: StoreLimits
  private let lanes = (0..<laneCount).map { _ in Lane() }
  /// How many calls each has, those that wait included.
  private let calls = Mutex([Int](repeating: 0, count: laneCount))

  /// What waits while the server cannot be reached fails with the one that has tried, not each by itself.
  private static let pause = Duration.seconds(1)

  /// Connects to `address`, `postgres://user:password@host/database`, and makes the table if it is not there.
  ///
  /// Blocks for some seconds at most.
  package init(address: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.address = address
    self.limits = limits
    do {
      _ = try lanes[0].state.withLock { state throws(StoreError) in try Self.connected(&state, address) }
    } catch {
      throw StoreError("the PostgreSQL server cannot be used as a store: \(error); name another store, or none")
    }
  }

  // MARK: Documents

  package func put(_ document: Document) async throws(StoreError) {
    try await run { [limits] connection throws(Failure) in try Self.put(document, limits, connection) }
  }

  package func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool {
    try await run { [limits] connection throws(Failure) in
      _ = try connection.execute("BEGIN")
      do throws(Failure) {
        // Also keeps a document apart that is not there yet.
        _ = try connection.execute(
          "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))",
          [.bytes(Array("\(key.kind.rawValue) \(key.id) \(key.owner)".utf8))])
        let new = change(try Self.document(key, connection))
        if let new { try Self.put(new, limits, connection) }
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

  private static func put(
    _ document: Document, _ limits: StoreLimits, _ connection: PostgreSQLConnection
  ) throws(Failure) {
    let key = document.key
    _ = try connection.execute(
      """
      INSERT INTO apus_documents (kind, owner, id, title, time, body) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (kind, owner, id) DO UPDATE SET title = excluded.title, time = excluded.time, body = excluded.body
      """, names(key) + [.bytes(Array(document.title.utf8)), .number(document.time), .bytes(document.body)])
    guard DocumentKind.bounded.contains(key.kind) else { return }
    _ = try connection.execute(
      deletion(
        of: """
          SELECT kind, owner, id, time FROM apus_documents WHERE kind = $1 AND owner = $2
          ORDER BY time DESC, id OFFSET $3
          """), [.text(key.kind.rawValue), .bytes(Array(key.owner.utf8)), .number(limits.documents)])
    try bound(key.owner, to: limits.byteCount, connection)
  }

  /// Drops the oldest of an owner's documents until the rest has so many bytes at most.
  private static func bound(
    _ owner: String, to byteCount: Int, _ connection: PostgreSQLConnection
  ) throws(Failure) {
    let own = "FROM apus_documents WHERE owner = $1 AND kind IN (\(DocumentKind.boundedNames))"
    let owner = PostgreSQLConnection.Value.bytes(Array(owner.utf8))
    let total = try connection.execute("SELECT COALESCE(SUM(octet_length(body)), 0)::bigint \(own)", [owner])
    guard let total = total.first?.first, number(total) > byteCount else { return }
    _ = try connection.execute(
      deletion(
        of: """
          SELECT kind, owner, id, time FROM (
            SELECT kind, owner, id, time,
              SUM(octet_length(body)) OVER (ORDER BY time DESC, kind DESC, id DESC) AS total \(own)) AS sums
          WHERE total > $2
          """), [owner, .number(byteCount)])
  }

  /// A command that drops what `old` selects: documents by kind, owner, id and time.
  ///
  /// One that another connection is just changing, or has changed since `old` was selected, is not old any more: it
  /// stays, and the next change has the bound again. As nothing is waited for here, two changes never wait for each
  /// other.
  private static func deletion(of old: String) -> String {
    """
    DELETE FROM apus_documents WHERE (kind, owner, id) IN (
      SELECT kind, owner, id FROM apus_documents AS old WHERE (kind, owner, id, time) IN (\(old))
      FOR UPDATE OF old SKIP LOCKED)
    """
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

  package func drop(_ kind: DocumentKind, before time: Int) async throws(StoreError) {
    var isDone = false
    while !isDone {
      isDone = try await run { connection throws(Failure) in
        try connection.execute(
          """
          DELETE FROM apus_documents WHERE (kind, owner, id) IN
            (SELECT kind, owner, id FROM apus_documents WHERE kind = $1 AND time < $2 LIMIT $3 FOR UPDATE SKIP LOCKED)
          RETURNING 1
          """, [.text(kind.rawValue), .number(time), .number(StoreLimits.dropCount)]
        ).count < StoreLimits.dropCount
      }
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

  /// Does `work` with the connection that has least to do, on its queue.
  ///
  /// Where that was lost, it is done once more with a new one, as all work may be done twice up to its first command.
  private func run<Result: Sendable>(
    _ work: @escaping @Sendable (PostgreSQLConnection) throws(Failure) -> Result
  ) async throws(StoreError) -> Result {
    let number = calls.withLock { calls in
      let number = calls.indices.min { calls[$0] < calls[$1] } ?? 0
      calls[number] += 1
      return number
    }
    defer { calls.withLock { $0[number] -= 1 } }
    let lane = lanes[number]
    let result: Swift.Result<Result, StoreError> = await withCheckedContinuation { continuation in
      lane.queue.async { [address] in
        continuation.resume(
          returning: lane.state.withLock { state in
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
