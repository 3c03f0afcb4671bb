/// A key with which requests are signed, known to both sides.
package struct AccessKey: Sendable {
  /// The name that a request tells.
  package let id: String
  let secret: String
  /// What a request with a temporary key tells beside its name.
  let sessionToken: String?
  /// What its client is called; nil for one that has no name but the key's.
  package let name: String?

  /// Makes a key of its parts.
  package init(id: String, secret: String, sessionToken: String? = nil, name: String? = nil) {
    self.id = id
    self.secret = secret
    self.sessionToken = sessionToken
    self.name = name
  }
}
