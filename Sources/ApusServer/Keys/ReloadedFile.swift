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

/// What a file says, which is read again when it has changed.
///
/// The file is looked at when somebody asks, at most once a second; so an idle server does nothing, and what was taken out
/// of the file is gone a second later. A file that is wrong changes nothing, but for what is told.
final class ReloadedFile<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var lookedAt: ContinuousClock.Instant
    /// Whether someone looks at the file just now.
    var isLooking = false
  }

  private let file: (any ChangingFile)?
  private let read: @Sendable () throws(ServerError) -> Value
  private let tell: @Sendable (Result<Value, ServerError>) -> Void
  private let state: Mutex<State>

  /// Reads for the first time; throws where the file is wrong.
  ///
  /// Without a file nothing changes. `tell` is called whenever it was read again.
  init(
    _ file: (any ChangingFile)?, at now: ContinuousClock.Instant,
    tell: @escaping @Sendable (Result<Value, ServerError>) -> Void,
    read: @escaping @Sendable () throws(ServerError) -> Value
  ) throws(ServerError) {
    (self.file, self.tell, self.read) = (file, tell, read)
    state = Mutex(State(value: try read(), lookedAt: now))
  }

  /// What it says now.
  ///
  /// Whoever comes while another reads the file gets what it said before, and waits for no disk.
  func value(at now: ContinuousClock.Instant) -> Value {
    let (value, isTurn) = state.withLock { state -> (Value, Bool) in
      guard file != nil, !state.isLooking, now - state.lookedAt >= .seconds(1) else { return (state.value, false) }
      state.lookedAt = now
      state.isLooking = true
      return (state.value, true)
    }
    guard isTurn, let file else { return value }
    return look(at: file, instead: value)
  }

  /// Reads the file where it has changed; the value that holds then.
  private func look(at file: any ChangingFile, instead old: Value) -> Value {
    var (value, news): (Value, Result<Value, ServerError>?) = (old, nil)
    if file.hasChanged {
      do throws(ServerError) {
        value = try read()
        news = .success(value)
      } catch {
        news = .failure(error)
      }
    }
    state.withLock { [value] state in
      state.value = value
      state.isLooking = false
    }
    if let news { tell(news) }
    return value
  }
}

extension ChangingFile {
  /// What `parse` makes of its bytes; errors name the file and nothing that stands in it.
  func read<Value>(_ parse: ([UInt8]) throws -> Value) throws(ServerError) -> Value {
    do {
      return try parse(try bytes())
    } catch {
      // Most errors of files begin with their path.
      let reason = "\(error)"
      let isNamed = reason.utf8.starts(with: path.utf8)
      throw .invalidKeyFile(path: path, reason: isNamed ? String(reason.dropFirst(path.count + 1)) : reason)
    }
  }
}
