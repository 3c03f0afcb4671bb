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

/// What files say, which are read again when one of them has changed.
///
/// They are looked at when somebody asks, at most once a second; so an idle server does nothing, and what was taken out
/// of a file is gone a second later. Files that are wrong change nothing, but for what is told.
final class ReloadedFile<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var lookedAt: ContinuousClock.Instant
    /// Whether someone looks at the files just now.
    var isLooking = false
    /// Whether they are to be read even if they have not changed.
    var mustRead = false
  }

  private let files: [any ChangingFile]
  private let read: @Sendable () throws(ServerError) -> Value
  private let tell: @Sendable (Result<Value, ServerError>) -> Void
  private let state: Mutex<State>

  /// Reads for the first time; throws where a file is wrong.
  ///
  /// Without a file nothing changes. `tell` is called whenever they were read again.
  init(
    _ files: [any ChangingFile], at now: ContinuousClock.Instant,
    tell: @escaping @Sendable (Result<Value, ServerError>) -> Void,
    read: @escaping @Sendable () throws(ServerError) -> Value
  ) throws(ServerError) {
    (self.files, self.tell, self.read) = (files, tell, read)
    state = Mutex(State(value: try read(), lookedAt: now))
  }

  /// The same of a single file, or of none.
  convenience init(
    _ file: (any ChangingFile)?, at now: ContinuousClock.Instant,
    tell: @escaping @Sendable (Result<Value, ServerError>) -> Void,
    read: @escaping @Sendable () throws(ServerError) -> Value
  ) throws(ServerError) {
    try self.init(file.map { [$0] } ?? [], at: now, tell: tell, read: read)
  }

  /// What they say now.
  ///
  /// Whoever comes while another reads them gets what they said before, and waits for no disk.
  func value(at now: ContinuousClock.Instant) -> Value {
    let (value, isTurn, mustRead) = state.withLock { state -> (Value, Bool, Bool) in
      let isDue = state.mustRead || now - state.lookedAt >= .seconds(1)
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
    _ = value(at: .now)
  }

  /// Reads the files where one has changed; the value that holds then.
  private func look(instead old: Value, _ mustRead: Bool) -> Value {
    var (value, news): (Value, Result<Value, ServerError>?) = (old, nil)
    if mustRead || files.contains(where: \.hasChanged) {
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
      throw .invalidKeyFile(path: path, reason: reason(of: error))
    }
  }

  /// Why it could not be read, without its path, with which most errors of files begin.
  func reason(of error: any Error) -> String {
    let reason = "\(error)"
    return reason.utf8.starts(with: path.utf8) ? String(reason.dropFirst(path.count + 1)) : reason
  }
}
