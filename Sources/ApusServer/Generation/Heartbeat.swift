internal import Synchronization

/// When an answer that takes long shows a sign of life: once nothing was written to its client for a time.
///
/// A client that sends nothing more may wait for its answer or be gone. Only what is written to it tells, as the system
/// of one that is gone refuses it. So from then on signs of life come often, the first after a moment in which most
/// answers are ready.
final class Heartbeat: Sendable {
  private let client: ClientPresence?
  private let quiet: Mutex<QuietTime>

  private static let firstProbe = Duration.milliseconds(250)
  private static let probeInterval = Duration.seconds(1)

  /// One for an answer to `client`, which is to see something once in `interval`, beginning now.
  init(interval: Duration, client: ClientPresence?) {
    self.client = client
    quiet = Mutex(QuietTime(limit: interval, start: .now))
  }

  /// Notes that something was written to the client.
  func noteWrite() { quiet.withLock { $0.note(.now) } }

  /// Calls `action`, which writes a sign of life, at every beat until the task is cancelled.
  func beat(_ action: @escaping @Sendable () -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        while true {
          let left = self.quiet.withLock { $0.left(at: .now) }
          if left > .zero {
            try await pause(for: left)
            continue
          }
          self.noteWrite()
          action()
        }
      }
      if let client {
        tasks.addTask {
          await client.inputEnd()
          try await Task.sleep(for: Self.firstProbe)
          while true {
            action()
            try await Task.sleep(for: Self.probeInterval)
          }
        }
      }
      try await tasks.waitForAll()
    }
  }

  /// The beats, until their reader stops.
  var beats: AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let pulse = Task { try await beat { continuation.yield() } }
      continuation.onTermination = { _ in pulse.cancel() }
    }
  }

  /// Does work in a task, with beats that end with it.
  func during<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
  ) -> (work: Task<Value, any Error>, beats: AsyncStream<Void>) {
    let (beats, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let task = Task {
      let pulse = Task { try await beat { continuation.yield() } }
      defer {
        pulse.cancel()
        continuation.finish()
      }
      return try await work()
    }
    return (task, beats)
  }
}
