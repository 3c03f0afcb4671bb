package import ApusCore
internal import ApusTokenizers

/// Which tokens a completion may have, whatever its text: lists that clients send.
package struct TokenRules: Sendable, Equatable {
  /// The only tokens that may come, those that end it included; nil allows all.
  package var allowed: [Token]?
  /// Runs of tokens that must not come.
  package var forbidden: [[Token]] = []
  /// Tokens that it has at least before it may end by itself.
  package var least = 0

  package init() {}

  /// Whether they say nothing.
  package var isEmpty: Bool { self == TokenRules() }
}

/// The rules at one place of a completion; a value, as all of a request's state.
package struct TokenFilter: Sendable {
  private let rules: TokenRules
  /// The tokens that may end the completion.
  private let ends: [Token]
  private let longest: Int
  /// Tokens so far, and the last of them, as many as a forbidden run may begin with.
  private var count = 0
  private var last: [Token] = []

  package init?(_ rules: TokenRules, ends: [Token]) {
    guard !rules.isEmpty else { return nil }
    self.rules = rules
    self.ends = ends
    longest = rules.forbidden.map(\.count).max() ?? 0
  }

  /// Takes out of `mask` what must not come next; it allows all, or what fits a constraint.
  ///
  /// Where nothing is left the constraint counts alone; without one the completion may end.
  package func restrict(_ mask: inout TokenMask, isConstrained: Bool) {
    let before = mask
    if let allowed = rules.allowed {
      mask.removeAll()
      for token in allowed where before[token] { mask[token] = true }
    }
    for run in rules.forbidden where last.suffix(run.count - 1).elementsEqual(run.dropLast()) {
      if let token = run.last { mask[token] = false }
    }
    if count < rules.least { for token in ends { mask[token] = false } }
    guard mask.isEmpty else { return }
    if isConstrained { mask = before } else { for token in ends { mask[token] = true } }
  }

  package mutating func accept(_ token: Token) {
    count += 1
    guard longest > 1 else { return }
    last.append(token)
    if last.count >= longest { last.removeFirst() }
  }
}

extension Model {
  /// The runs of tokens that `words` are within a text, with and without a space before them.
  package func forbiddenRuns(_ words: [String]) -> [[Token]] {
    words.flatMap { word in
      [word, " " + word].map { tokenizer.encode(continuing: Array($0.utf8)) }.filter { !$0.isEmpty }
    }
  }
}
