/// When an answer that takes long shows a sign of life.
///
/// A client that sends nothing more may wait for its answer or be gone. Only what is written to it tells, as the system
/// of one that is gone refuses it. So from then on signs of life come often, the first after a moment in which most
/// answers are ready.
struct Heartbeat: Sendable {
  /// Between two signs of life.
  let interval: Duration
  let client: ClientPresence?

  private static let firstProbe = Duration.milliseconds(250)
  private static let probeInterval = Duration.seconds(1)

  /// Whether it is unknown if the client is still there.
  var isProbing: Bool { client?.hasEndedInput ?? false }

  /// Calls `action` at every beat until the task is cancelled.
  func beat(_ action: @escaping @Sendable () -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        while true {
          try await pause(for: interval)
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
}
