internal import Apus
internal import AsyncAlgorithms

/// What a streaming answer reacts to.
enum StreamSignal: Sendable {
  /// The engine has something for the completion of that number.
  case event(GenerationEvent, choice: Int)
  /// Time has passed.
  case tick
}

/// Signals, handed over one by one: whoever sends waits until it is read.
typealias StreamSignals = AsyncThrowingChannel<StreamSignal, any Error>

extension GenerationRun {
  /// Sends the events of all completions as they come, and a tick at every beat, until its task is cancelled, which
  /// also ends the completions.
  ///
  /// The signals fail where a completion does; they do not end by themselves.
  func send(to signals: StreamSignals, _ heartbeat: Heartbeat) async {
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
