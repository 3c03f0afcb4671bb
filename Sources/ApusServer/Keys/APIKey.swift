/// A key of which the server knows the hash: who sends it, and what that client may do.
package struct APIKey: Sendable, Equatable {
  /// What the client is called in the log; each key of a ring has another one.
  package let name: String
  package let digest: KeyDigest
  /// How much may be asked for with it.
  package var limits = UsageLimits()
  /// Patterns of names, one of which the model that answers must have; nil for any model.
  package var models: [String]?
  /// Seconds since 1970 from which on it is not taken any more; nil for never.
  package var expiry: Int?
  /// Whether it opens what only operators should see or change.
  package var isAdmin = false

  package init(name: String, digest: KeyDigest) {
    self.name = name
    self.digest = digest
  }

  /// Whose is what is kept for its client; another key of the same name finds it too.
  ///
  /// Keys without a name are called by numbers, which change with their order.
  package var owner: String { name.contains(" ") ? digest.text : name }

  /// Whether its client may use a model of this name; `*` in a pattern stands for any text.
  package func allows(model name: String) -> Bool {
    models?.contains { wildcard($0, matches: name) } ?? true
  }

  /// Whether its client is told of a model of this name: operators are told of all.
  func sees(model name: String) -> Bool { isAdmin || allows(model: name) }
}

/// How much one client may ask for; nil is no limit.
package struct UsageLimits: Sendable, Equatable {
  package var requestsPerMinute: Int?
  /// Tokens of prompts and completions together.
  package var tokensPerMinute: Int?
  /// Requests that are worked on or wait at the same time.
  package var concurrent: Int?

  package init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrent: Int? = nil) {
    self.requestsPerMinute = requestsPerMinute
    self.tokensPerMinute = tokensPerMinute
    self.concurrent = concurrent
  }
}

extension APIKey? {
  /// Whether whoever has this key may change which models there are, which are loaded, or their names; without keys, all
  /// may.
  var mayChangeModels: Bool { self?.isAdmin ?? true }

  /// Throws where that is not so.
  func checkMayChangeModels() throws(Refusal) {
    guard mayChangeModels else { throw .changeNeedsAdmin }
  }
}
