/// The keys that a server takes, and what becomes of a request that sends one.
package struct KeyRing: Sendable, Equatable {
  /// Who sent a request.
  package enum Verdict: Sendable, Equatable {
    /// Someone, as there are no keys.
    case anyone
    case known(APIKey)
    /// Someone whose key has expired.
    case expired
    case unknown
  }

  package let keys: [APIKey]

  /// - Precondition: The keys have different names.
  package init(_ keys: [APIKey] = []) { self.keys = keys }

  /// The key of that name; nil for none.
  func key(named name: String) -> APIKey? { keys.first { $0.name == name } }

  /// Who sent `credential` at a time, in seconds since 1970; nil where nothing was sent.
  ///
  /// Compares with every key, in a time that depends only on the length of the credential and the number of keys.
  package func verdict(for credential: String?, at time: Int) -> Verdict {
    guard !keys.isEmpty else { return .anyone }
    guard let credential else { return .unknown }
    let digest = KeyDigest(of: credential)
    var found: Int?
    for index in keys.indices where keys[index].digest == digest { found = index }
    guard let found else { return .unknown }
    return keys[found].expiry.map { time >= $0 } == true ? .expired : .known(keys[found])
  }
}
