internal import ApusCore

/// The tokens accepted so far, and how often each occurs among the last of them.
struct TokenHistory: Sendable {
  /// All tokens, oldest first.
  private(set) var tokens: [Token] = []
  /// Occurrences of each token among the last `window`.
  private(set) var counts: [Token: Int] = [:]
  private let window: Int

  /// An empty history that counts over the last `window` tokens: 0 is none, −1 is all.
  init(window: Int) {
    self.window = window < 0 ? .max : window
  }

  /// Takes in one token; constant time.
  mutating func append(_ token: Token) {
    tokens.append(token)
    guard window > 0 else { return }
    counts[token, default: 0] += 1
    guard tokens.count > window else { return }
    let leaving = tokens[tokens.count - 1 - window]
    if let count = counts[leaving] { counts[leaving] = count > 1 ? count - 1 : nil }
  }

  /// How many tokens a window of `size` holds now; −1 is all.
  func count(within size: Int) -> Int {
    size < 0 ? tokens.count : min(size, tokens.count)
  }
}
