internal import Apus
internal import AsyncAlgorithms

/// What a streaming answer reacts to.
enum StreamSignal: Sendable {
  /// The engine has something.
  case event(GenerationEvent)
  /// Time has passed.
  case tick
}

/// The events of a completion with ticks in between.
typealias TickingStream = AsyncMerge2Sequence<
  AsyncMapSequence<GenerationStream, StreamSignal>,
  AsyncMapSequence<AsyncTimerSequence<ContinuousClock>, StreamSignal>
>

extension GenerationStream {
  /// These events, with a tick in between every `interval`; ends when its reader stops.
  func ticking(every interval: Duration) -> TickingStream {
    let ticks = AsyncTimerSequence(interval: interval, clock: .continuous).map { _ in StreamSignal.tick }
    return merge(map { StreamSignal.event($0) }, ticks)
  }
}
