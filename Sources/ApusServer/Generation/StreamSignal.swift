internal import Apus
internal import AsyncAlgorithms

/// What a streaming answer reacts to.
enum StreamSignal: Sendable {
  /// The engine has something for the completion of that number.
  case event(GenerationEvent, choice: Int)
  /// Time has passed.
  case tick
}

/// The signals of a run, handed over one by one: whoever sends waits until it is read.
///
/// When this object goes, so does the work.
final class SignalFeed: Sendable {
  private let signals = AsyncThrowingChannel<StreamSignal, any Error>()
  private let sending: Task<Void, Never>

  init(_ run: GenerationRun, _ heartbeat: Heartbeat) {
    sending = Task { [signals] in await run.send(to: signals, heartbeat) }
  }

  deinit { sending.cancel() }

  /// The next signal, for one reader at a time; nil where its task is cancelled, and throws where a completion fails.
  func next() async throws -> StreamSignal? {
    var iterator = signals.makeAsyncIterator()
    return try await iterator.next()
  }
}

extension GenerationRun {
  /// Sends the events of all completions as they come, and a tick at every beat, until its task is cancelled, which
  /// also ends the completions.
  ///
  /// The signals fail where a completion does; they do not end by themselves.
  fileprivate func send(to signals: AsyncThrowingChannel<StreamSignal, any Error>, _ heartbeat: Heartbeat) async {
    await withTaskGroup(of: Void.self) { tasks in
      for (choice, stream) in streams.enumerated() {
        tasks.addTask {
          do {
            for try await event in stream { await signals.send(.event(event, choice: choice)) }
          } catch {
            signals.fail(error)
          }
        }
      }
      for await _ in heartbeat.beats { await signals.send(.tick) }
    }
  }
}
