internal import ApusServer
internal import Testing

@Suite struct `A wait for a limit` {
  @Test func `ends in an error as soon as it is cancelled`() async throws {
    let long = Task { try await pause(for: .seconds(3600)) }
    long.cancel()
    await #expect(throws: CancellationError.self) { try await long.value }
  }

  @Test func `is over when its time is, and not before, in one step or in several`() async throws {
    for duration in [Duration.zero, .milliseconds(1), .milliseconds(1100)] {
      let start = ContinuousClock.now
      try await pause(for: duration)
      #expect(start.duration(to: .now) >= duration)
    }
  }
}
