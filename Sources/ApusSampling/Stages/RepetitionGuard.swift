internal import ApusCore

/// DRY ("don't repeat yourself"), after its description by p-e-w in text-generation-webui pull request 5677.
///
/// Where the last n tokens also stand earlier, the token that followed them there would extend the repetition. With n at
/// least the allowed length it loses multiplier · base^(n − allowed length) of its logit, n being the longest such
/// match. No match reaches across a sequence breaker, and a breaker of one token is never penalized.
struct RepetitionGuard: Sendable {
  private let multiplier: Double
  private let base: Double
  private let allowedLength: Int
  private let window: Int
  /// The breakers of several tokens by their last one.
  private let breakers: [Token: [[Token]]]
  /// The tokens that are breakers by themselves.
  private let singleBreakers: Set<Token>
  /// Number of tokens accepted up to the end of the last breaker.
  private var breakerEnd = 0
  /// The tokens that would extend a repetition, each with its longest match; kept to be reused.
  private(set) var matches: [Token: Int] = [:]
  private var recent: [Token] = []
  private var overlaps: [Int] = []

  /// A penalty beyond this bans as surely; without a bound the power would overflow.
  private static let highestPenalty = 1e6

  /// The guard of `options` with these breakers, none of them empty; nil where it changes nothing.
  init?(_ options: SamplingOptions, breakers sequences: [[Token]]) {
    guard options.dryMultiplier > 0, options.dryPenaltyLastN != 0 else { return nil }
    multiplier = options.dryMultiplier
    base = options.dryBase
    allowedLength = options.dryAllowedLength
    window = options.dryPenaltyLastN
    breakers = Dictionary(grouping: sequences.filter { $0.count > 1 }) { $0[$0.count - 1] }
    singleBreakers = Set(sequences.filter { $0.count == 1 }.map { $0[0] })
  }

  /// Looks whether the history, with its newest token, now ends in a breaker; bounded by the size of all breakers.
  mutating func noteEnd(of history: TokenHistory) {
    guard let last = history.tokens.last else { return }
    let ending = breakers[last] ?? []
    let isBreaker = singleBreakers.contains(last)
    if isBreaker || ending.contains(where: { history.tokens.suffix($0.count).elementsEqual($0) }) {
      breakerEnd = history.tokens.count
    }
  }

  /// What a token loses that would extend a match of `length` tokens.
  func penalty(forMatch length: Int) -> Double {
    min(multiplier * PortableMath.pow(base, Double(length - allowedLength)), Self.highestPenalty)
  }

  /// Finds `matches` for the history as it is; linear in the window.
  mutating func search(_ history: TokenHistory) {
    matches.removeAll(keepingCapacity: true)
    let limit = min(history.tokens.count - breakerEnd, history.count(within: window))
    guard limit >= allowedLength, history.count(within: window) > allowedLength else { return }
    recent.removeAll(keepingCapacity: true)
    recent.append(contentsOf: history.tokens.suffix(history.count(within: window)).reversed())
    findOverlaps()
    for start in recent.indices.dropFirst() {
      let length = min(overlaps[start], limit)
      let follower = recent[start - 1]
      guard length >= allowedLength, length > matches[follower, default: -1] else { continue }
      if !singleBreakers.contains(follower) { matches[follower] = length }
    }
  }

  /// Computes how many tokens `recent` (newest first) has in common with itself from each position on.
  ///
  /// The Z-algorithm (Gusfield, "Algorithms on strings, trees and sequences", 1997, §1.4); linear time.
  private mutating func findOverlaps() {
    overlaps.removeAll(keepingCapacity: true)
    overlaps.append(recent.count)
    var left = 0
    var right = 0
    for position in recent.indices.dropFirst() {
      var length = position < right ? min(right - position, overlaps[position - left]) : 0
      while position + length < recent.count, recent[length] == recent[position + length] { length += 1 }
      if position + length > right { (left, right) = (position, position + length) }
      overlaps.append(length)
    }
  }
}

extension Workspace {
  /// Subtracts the penalty from every token that would extend a repetition.
  mutating func penalize(_ repetitions: RepetitionGuard) {
    adjust(repetitions.matches) { logit, length in logit - repetitions.penalty(forMatch: length) }
  }
}
