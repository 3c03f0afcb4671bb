/// Why a server cannot start or did not end as it should.
package enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Not an address to listen on.
  case invalidAddress(String)
  /// Listening beyond this machine without a key was not asked for explicitly.
  case keyNeeded(ListenAddress)
  /// An API key that no client could send: empty, too long, or with other characters than visible ASCII.
  case invalidKey
  /// A file of keys that cannot be read, or is none; nothing of it stands in the reason.
  case invalidKeyFile(path: String, reason: String)
  /// A file of the certificate or its key that cannot be read, holds something else, or does not belong to the other.
  case invalidCertificate(path: String, reason: String)
  /// A setting that makes no sense; `name` is that of the property.
  case invalidSetting(name: String, reason: String)
  /// The process may have too few file descriptors for a server.
  case fewDescriptors(limit: Int, needed: Int)
  /// The system does not let the server listen there.
  case cannotListen(ListenAddress, reason: String)

  package var description: String {
    switch self {
    case .invalidAddress(let text):
      "'\(text.prefix(80))' is no address to listen on: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
    case .keyNeeded(let address):
      "\(address) can be reached from other machines: set a key, or allow open access"
    case .invalidKey: "an API key must have 1 to 1024 visible ASCII characters, without spaces"
    case .invalidKeyFile(let path, let reason): "\(path): \(reason)"
    case .invalidCertificate(let path, let reason): "\(path): \(reason)"
    case .invalidSetting(let name, let reason): "\(name) \(reason)"
    case .fewDescriptors(let limit, let needed):
      "a server needs \(needed) file descriptors, and the limit is \(limit): raise it, for example with 'ulimit -n 1024'"
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}
