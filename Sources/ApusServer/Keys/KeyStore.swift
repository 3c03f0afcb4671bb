internal import Logging
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

/// The keys of a running server: those it was started with and those of a file, which is read again when it has changed.
///
/// The file is looked at when a request comes, at most once a second; so an idle server does nothing, and a key that was
/// taken out of the file opens nothing more a second later. A file that is wrong changes nothing, but for a line in the log.
package final class KeyStore: Sendable {
  private struct State {
    var ring: KeyRing
    var lookedAt: ContinuousClock.Instant
    /// Whether someone looks at the file just now.
    var isLooking = false
  }

  /// What became of a file that had changed.
  package enum News: Sendable, Equatable {
    case keys(count: Int)
    case wrong(String)
  }

  private let plain: [String]
  private let file: (any ChangingFile)?
  private let tell: @Sendable (News) -> Void
  private let state: Mutex<State>
  private static let interval = Duration.seconds(1)

  /// Reads the file; throws where it is wrong.
  ///
  /// `tell` is called whenever it was read again.
  package init(
    _ plain: [String], _ file: (any ChangingFile)?, at now: ContinuousClock.Instant = .now,
    tell: @escaping @Sendable (News) -> Void
  ) throws(ServerError) {
    (self.plain, self.file, self.tell) = (plain, file, tell)
    state = Mutex(State(ring: try Self.ring(plain, file), lookedAt: now))
  }

  /// The keys as they are now.
  ///
  /// Whoever comes while another reads the file gets the keys as they were, and waits for no disk.
  package func ring(at now: ContinuousClock.Instant = .now) -> KeyRing {
    let (ring, isTurn) = state.withLock { state -> (KeyRing, Bool) in
      guard file != nil, !state.isLooking, now - state.lookedAt >= Self.interval else { return (state.ring, false) }
      state.lookedAt = now
      state.isLooking = true
      return (state.ring, true)
    }
    guard isTurn, let file else { return ring }
    return look(at: file, instead: ring)
  }

  /// Reads the file where it has changed; the ring that holds then.
  private func look(at file: any ChangingFile, instead old: KeyRing) -> KeyRing {
    var (ring, news): (KeyRing, News?) = (old, nil)
    if file.hasChanged {
      do throws(ServerError) {
        ring = try Self.ring(plain, file)
        news = .keys(count: ring.keys.count)
      } catch {
        news = .wrong(error.description)
      }
    }
    state.withLock { [ring] state in
      state.ring = ring
      state.isLooking = false
    }
    if let news { tell(news) }
    return ring
  }

  /// All keys: the plain ones, and those of the file, which must have one.
  static func ring(_ plain: [String], _ file: (any ChangingFile)?) throws(ServerError) -> KeyRing {
    var keys: [APIKey] = []
    for key in plain {
      do {
        keys.append(try KeyFile.plainKey(key, number: keys.count + 1))
      } catch {
        throw .invalidKey
      }
    }
    guard let file else { return KeyRing(keys) }
    do {
      let own = try KeyFile.parse(try file.bytes(), number: keys.count + 1)
      guard !own.isEmpty else { throw ServerError.invalidKeyFile(path: file.path, reason: "there is no key in it") }
      return KeyRing(keys + own)
    } catch let error as ServerError {
      throw error
    } catch let error as KeyFileError {
      throw .invalidKeyFile(path: file.path, reason: error.description)
    } catch {
      // Most errors of files begin with their path.
      let reason = "\(error)"
      let isNamed = reason.utf8.starts(with: file.path.utf8)
      throw .invalidKeyFile(path: file.path, reason: isNamed ? String(reason.dropFirst(file.path.count + 1)) : reason)
    }
  }
}

extension Logger {
  /// Tells of keys that were read again.
  func note(_ news: KeyStore.News) {
    switch news {
    case .keys(let count): info("the keys were read again", metadata: ["keys": .stringConvertible(count)])
    case .wrong(let reason):
      error("the file of keys is wrong: the keys stay as they were", metadata: ["error": "\(reason)"])
    }
  }
}
