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
  AsyncMapSequence<AsyncStream<Void>, StreamSignal>
>

extension GenerationStream {
  /// These events, with a tick in between at every beat; ends when its reader stops.
  func ticking(with heartbeat: Heartbeat) -> TickingStream {
    merge(map { StreamSignal.event($0) }, heartbeat.beats.map { StreamSignal.tick })
  }
}
