internal import Synchronization

/// The way to a Redis server: its one connection, which is made again where it is lost.
final class RedisLink: Sendable {
  private struct State {
    var connection: RedisConnection?
    /// Why there is none.
    var failure = RedisConnection.Failure.lost
    var isClosed = false
  }

  private let address: RedisAddress
  private let valueByteLimit: Int
  private let patience: RedisConnection.Patience
  private let state = Mutex(State())

  /// Between two tries to connect: the first pause, and the longest, up to which they double.
  private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(5))

  init(_ address: RedisAddress, valueByteLimit: Int, _ patience: RedisConnection.Patience) {
    (self.address, self.valueByteLimit, self.patience) = (address, valueByteLimit, patience)
  }

  /// The connection that there is; throws why there is none.
  func connection() throws(RedisConnection.Failure) -> RedisConnection {
    let (connection, failure) = state.withLock { ($0.connection, $0.failure) }
    guard let connection else { throw failure }
    return connection
  }

  /// Connects once.
  func connect() async throws(RedisConnection.Failure) {
    let connection: RedisConnection
    do {
      connection = try await RedisConnection(address, valueByteLimit: valueByteLimit, patience)
    } catch {
      state.withLock { $0.failure = error }
      throw error
    }
    let isClosed = state.withLock { state in
      if !state.isClosed { state.connection = connection }
      return state.isClosed
    }
    if isClosed { connection.close() }
  }

  /// Waits for the end of each connection and makes another one, until the task is cancelled.
  func keepUp() async {
    var pause = Self.pauses.first
    while !Task.isCancelled {
      if let connection = state.withLock({ $0.connection }) {
        let start = ContinuousClock.now
        await connection.end()
        state.withLock { state in
          state.connection = nil
          state.failure = .lost
        }
        if start.duration(to: .now) > Self.pauses.longest { pause = Self.pauses.first }
      }
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, Self.pauses.longest)
      if !Task.isCancelled { try? await connect() }
    }
  }

  /// Ends the connection, and lets none begin.
  func close() {
    let connection = state.withLock { state in
      state.isClosed = true
      return state.connection.take()
    }
    connection?.close()
  }

  /// First words of refusals that pass by themselves.
  static let passing: Set = ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"]

  /// What a failure means for a person; a server's own words may hold anything.
  static func reason(_ failure: RedisConnection.Failure) -> String {
    switch failure {
    case .lost: "the Redis server cannot be reached"
    case .late: "the Redis server does not answer in time"
    case .garbled: "what answers is no Redis server"
    case .refused("WRONGPASS"): "the Redis server does not know this user and password"
    case .refused("NOAUTH"): "the Redis server wants a password: redis://user:password@host"
    case .refused("NOPERM"):
      "the Redis server does not let this user do that: allow AUTH, SELECT, PING, GET and SET on apus:*"
    case .refused("OOM"): "the Redis server has no memory left"
    case .refused("MISCONF"): "the Redis server cannot write to its disk"
    case .refused("LOADING"): "the Redis server is still loading"
    case .refused("READONLY"): "the Redis server takes no changes"
    case .refused("ERR"):
      "the Redis server refuses it: look at the user, the password and the number of the database in its address"
    case .refused(let word): "the Redis server refuses it" + (word.isEmpty ? "" : " (\(word))")
    }
  }
}
