/// A name, or a pattern of names, that means one of the server's models.
package struct ModelAlias: Sendable, Equatable {
  /// What a request may write; `*` stands for any text.
  package let pattern: String
  /// The model, or the name of variants, that is meant.
  package let name: String

  package init(pattern: String, name: String) { (self.pattern, self.name) = (pattern, name) }

  /// Reads `PATTERN=NAME`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    self.init(pattern: parts[0], name: parts[1])
  }

  /// Whether it is one name, which a list can show.
  var isPlain: Bool { !pattern.utf8.contains(UInt8(ascii: "*")) }

  func matches(_ name: String) -> Bool {
    isPlain ? pattern.isSameModelName(as: name) : wildcard(pattern, matches: name)
  }
}

/// One of the models that share a name: each request for the name is answered by one of them, chosen by chance.
package struct ModelVariant: Sendable, Equatable {
  /// The name that they share.
  package let name: String
  /// The model, whose own name is the variant's.
  package let model: String
  /// How often it is chosen, beside the weights of the others.
  package let weight: Int

  /// The most that a weight may be.
  package static let weightLimit = 1_000_000

  package init(name: String, model: String, weight: Int) {
    (self.name, self.model, self.weight) = (name, model, weight)
  }

  /// Reads `NAME=MODEL:WEIGHT`; nil for anything else.
  package init?(_ text: String) {
    guard let alias = ModelAlias(text), let colon = alias.name.lastIndex(of: ":"), colon > alias.name.startIndex,
      let weight = Int(alias.name[alias.name.index(after: colon)...]), (1...Self.weightLimit).contains(weight)
    else { return nil }
    self.init(name: alias.pattern, model: String(alias.name[..<colon]), weight: weight)
  }
}
