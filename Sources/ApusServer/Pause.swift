/// Waits for some time; throws `CancellationError` as soon as the task is cancelled.
///
/// The runtime takes nothing out of its queue: the memory of a sleep that was cancelled stays until its time is over. With
/// limits of ten minutes that would be the memory of all requests of the last ten minutes, so a long wait is made of short
/// ones.
package func pause(for duration: Duration) async throws {
  let end = ContinuousClock.now + duration
  while true {
    let left = ContinuousClock.now.duration(to: end)
    guard left > .zero else { return try Task.checkCancellation() }
    try await Task.sleep(for: min(left, .seconds(1)))
  }
}
