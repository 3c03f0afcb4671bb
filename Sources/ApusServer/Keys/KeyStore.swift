internal import Logging

/// The keys of a running server: those it was started with and those of a file, which is read again when it has changed.
///
/// A key that was taken out of the file opens nothing more a second later. A file that is wrong changes nothing, but for a
/// line in the log.
package final class KeyStore: Sendable {
  /// What became of a file that had changed.
  package enum News: Sendable, Equatable {
    case keys(count: Int)
    case wrong(String)
  }

  private let keys: FileValue<KeyRing>

  /// Reads the file; throws where it is wrong.
  ///
  /// `tell` is called whenever it was read again.
  package init(
    _ plain: [String], _ file: (any ChangingFile)?, at now: ContinuousClock.Instant = .now,
    tell: @escaping @Sendable (News) -> Void
  ) throws(ServerError) {
    let files = file.map { [$0] } ?? []
    keys = try FileValue(files, at: now) { () throws(ServerError) in
      try Self.ring(plain, file)
    } tell: { news in
      switch news {
      case .success(let ring): tell(.keys(count: ring.keys.count))
      case .failure(let error): tell(.wrong(error.description))
      }
    }
  }

  /// The keys as they are now.
  package func ring(at now: ContinuousClock.Instant = .now) -> KeyRing { keys.value(at: now) }

  /// Reads the file at once, whether it has changed or not.
  func readAgain() { keys.readAgain() }

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
    let own = try file.read { try KeyFile.parse($0, number: keys.count + 1) }
    guard !own.isEmpty else { throw ServerError.invalidKeyFile(path: file.path, reason: "there is no key in it") }
    return KeyRing(keys + own)
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
