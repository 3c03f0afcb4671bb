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

extension ChangingFile {
  /// What `parse` makes of its bytes; errors name the file and nothing that stands in it.
  func read<Value>(_ parse: ([UInt8]) throws -> Value) throws(ServerError) -> Value {
    do {
      return try parse(try bytes())
    } catch {
      throw .invalidKeyFile(path: path, reason: reason(of: error))
    }
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
    /// Whether someone looks at the files just now.
    var isLooking = false
    /// Whether they are to be read even if they have not changed.
    var mustRead = false
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
  ///
  /// Whoever comes while another reads the files gets the value as it was, and waits for no disk.
  func value(at now: ContinuousClock.Instant = .now) -> Value {
    let (value, isTurn, mustRead) = state.withLock { state -> (Value, Bool, Bool) in
      let isDue = state.mustRead || now - state.lookedAt >= interval
      guard !files.isEmpty, !state.isLooking, isDue else { return (state.value, false, false) }
      defer { state.mustRead = false }
      state.lookedAt = now
      state.isLooking = true
      return (state.value, true, state.mustRead)
    }
    return isTurn ? look(instead: value, mustRead) : value
  }

  /// Reads the files at once, whether they have changed or not.
  func readAgain() {
    state.withLock { $0.mustRead = true }
    _ = value()
  }

  /// Makes the value again where files have changed; what holds then.
  private func look(instead old: Value, _ mustRead: Bool) -> Value {
    let news = mustRead || files.contains(where: \.hasChanged) ? Result(catching: make) : nil
    let value = (try? news?.get()) ?? old
    state.withLock { state in
      state.value = value
      state.isLooking = false
    }
    if let news { tell(news) }
    return value
  }
}
