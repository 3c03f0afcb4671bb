internal import Synchronization

/// A file that may change while the server runs.
package protocol ChangingFile: Sendable {
  /// Its path, for messages.
  var path: String { get }
  /// Its bytes.
  func bytes() throws -> [UInt8]
  /// Whether it is another one than when `bytes` was called last; reads nothing of it.
  var hasChanged: Bool { get }
}

extension ChangingFile {
  /// Why the file could not be read, without its path, with which most errors of files begin.
  func reason(of error: any Error) -> String {
    let reason = "\(error)"
    return reason.utf8.starts(with: path.utf8) ? String(reason.dropFirst(path.count + 1)) : reason
  }
}

/// What is made of files, and made again when one of them has changed.
///
/// The files are looked at when the value is asked for, at most once a second; so an idle server does nothing, and
/// whoever asks a second after a change gets the new value. Files that are wrong change nothing.
final class FileValue<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var lookedAt: ContinuousClock.Instant
  }

  private let files: [any ChangingFile]
  private let make: @Sendable () throws(ServerError) -> Value
  private let tell: @Sendable (Result<Value, ServerError>) -> Void
  private let state: Mutex<State>
  private let interval = Duration.seconds(1)

  /// Makes the value for the first time; throws where that fails.
  ///
  /// `tell` is called whenever it was made again, or could not be.
  init(
    _ files: [any ChangingFile], at now: ContinuousClock.Instant = .now,
    make: @escaping @Sendable () throws(ServerError) -> Value,
    tell: @escaping @Sendable (Result<Value, ServerError>) -> Void
  ) throws(ServerError) {
    (self.files, self.make, self.tell) = (files, make, tell)
    state = Mutex(State(value: try make(), lookedAt: now))
  }

  /// The value as it is now.
  func value(at now: ContinuousClock.Instant = .now) -> Value {
    let (value, news) = state.withLock { state -> (Value, Result<Value, ServerError>?) in
      guard !files.isEmpty, now - state.lookedAt >= interval else { return (state.value, nil) }
      state.lookedAt = now
      guard files.contains(where: \.hasChanged) else { return (state.value, nil) }
      let news = remake(&state)
      return (state.value, news)
    }
    if let news { tell(news) }
    return value
  }

  /// Makes the value again, whether the files have changed or not.
  func readAgain() {
    tell(state.withLock { remake(&$0) })
  }

  private func remake(_ state: inout State) -> Result<Value, ServerError> {
    do throws(ServerError) {
      state.value = try make()
      return .success(state.value)
    } catch {
      return .failure(error)
    }
  }
}
