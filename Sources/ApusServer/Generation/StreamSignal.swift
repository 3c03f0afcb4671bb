internal import Apus
internal import AsyncAlgorithms

/// What a streaming answer reacts to.
enum StreamSignal: Sendable {
  /// The engine has something.
  case event(GenerationEvent)
  /// Time has passed.
  case tick
}

extension GenerationStream {
  /// These events, with a tick in between every `interval`; ends when its reader stops.
  func ticking(every interval: Duration) -> some AsyncSequence<StreamSignal, any Error> & Sendable {
    let ticks = AsyncTimerSequence(interval: interval, clock: .continuous).map { _ in StreamSignal.tick }
    return merge(map { StreamSignal.event($0) }, ticks)
  }
}
