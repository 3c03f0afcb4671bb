internal import ApusServer
internal import Testing

@Suite struct `The time until a sign of life` {
  private let start = ContinuousClock.now

  private func time(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  @Test func `counts from what was written last, not from a fixed beat`() {
    var quiet = QuietTime(limit: .seconds(15), start: start)
    #expect(quiet.left(at: time(0)) == .seconds(15))
    quiet.note(time(1))
    #expect(quiet.left(at: time(15)) == .seconds(1))
    #expect(quiet.left(at: time(16)) == .zero)
    #expect(quiet.left(at: time(20)) < .zero)
    quiet.note(time(20))
    #expect(quiet.left(at: time(30)) == .seconds(5))
  }

  @Test func `is not made longer by a note that comes late`() {
    var quiet = QuietTime(limit: .seconds(15), start: start)
    quiet.note(time(8))
    quiet.note(time(3))
    #expect(quiet.left(at: time(10)) == .seconds(13))
  }
}
