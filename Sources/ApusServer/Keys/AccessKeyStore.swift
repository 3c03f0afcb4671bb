internal import ApusWire

/// What a server makes of the signatures of AWS's clients.
package enum SignatureMode: String, Sendable, CaseIterable {
  /// Nothing: a signed request is treated as one without a signature.
  case ignore
  /// A signature must be right, and lets its request in; requests without one need another key.
  case verify
  /// The same, and nothing else opens the paths of AWS's dialects.
  case require
}

/// The keys with which AWS's clients sign: those a server was started with and those of a file, as it is now.
final class AccessKeyStore: Sendable {
  /// The keys of one moment.
  struct Keys: Sendable {
    let signatures: SignatureV4
    /// By the keys' ids, what their clients are called.
    let names: [String: String]

    init(_ keys: [AccessKey]) {
      signatures = SignatureV4(keys: keys)
      names = keys.reduce(into: [:]) { $0[$1.id] = $1.name ?? $1.id }
    }
  }

  private let current: FileValue<Keys>

  /// Nil where signatures say nothing; throws where the file is wrong.
  init?(_ configuration: ServerConfiguration, tell: @escaping @Sendable (KeyStore.News) -> Void) throws(ServerError) {
    guard configuration.verifiesSignatures else { return nil }
    let (plain, file) = (configuration.accessKeys, configuration.accessKeyFile)
    current = try FileValue(file.map { [$0] } ?? []) { () throws(ServerError) in
      Keys(try Self.keys(plain, file))
    } tell: { news in
      switch news {
      case .success(let keys): tell(.keys(count: keys.names.count))
      case .failure(let error): tell(.wrong(error.description))
      }
    }
  }

  /// The keys as they are now.
  func keys() -> Keys { current.value() }

  /// Reads the file at once, whether it has changed or not.
  func readAgain() { current.readAgain() }

  /// All keys: the plain ones, and those of the file, which must have one.
  static func keys(_ plain: [AccessKey], _ file: (any ChangingFile)?) throws(ServerError) -> [AccessKey] {
    guard let file else { return plain }
    let own = try file.read { bytes in
      guard bytes.count <= KeyFile.byteLimit else {
        throw KeyFileError(line: 1, reason: "the file has more than 1 MiB")
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw KeyFileError(line: 1, reason: "this is not UTF-8 text")
      }
      return try AccessKey.all(inCredentials: text)
    }
    guard !own.isEmpty else { throw .invalidKeyFile(path: file.path, reason: "there is no key in it") }
    return plain + own
  }
}
