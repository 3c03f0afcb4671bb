package import ApusCore

/// Guesses how a sequence goes on: as it did when its last tokens came before (prompt lookup), or as is expected.
///
/// A pure value. What the caller expects is one more text in which the last tokens are looked up, as if it stood behind
/// the prompt. A token costs the same however long the text is. Memory is four bytes a token and at most 768 KiB
/// beside.
package struct PromptLookup: Sendable {
  /// The most tokens proposed at once.
  package static let mostTokens = 15
  /// The fewest and the most tokens that are looked up.
  private static let lookedUp = 2...4
  /// The length of match that a prediction's beginning counts as: that of a long one, as its caller knows the text.
  private static let predictionLength = 8

  /// An earlier place whose last tokens are those of the end.
  private struct Match {
    /// Of the token that followed.
    var position: Int
    /// Tokens known to be the same.
    var length: Int
  }

  private var tokens: [Token] = []
  private var tables: [LookupTable]
  private var match: Match?
  private var record = HitRecord()
  /// Where the prediction stands among the tokens.
  private let predicted: Range<Int>
  /// Tokens that came as the prediction said.
  private(set) package var predictedCount = 0

  /// A lookup for a sequence of these tokens, with room for about `room` more, which are expected to be like `prediction`.
  package init(_ tokens: [Token], predicting prediction: [Token] = [], room: Int) {
    let known = tokens.count + prediction.count
    let table = LookupTable(for: known + room)
    tables = Self.lookedUp.map { _ in table }
    predicted = tokens.count..<known
    self.tokens.reserveCapacity(known)
    for token in tokens { join(token) }
    for token in prediction { join(token) }
    if !predicted.isEmpty { match = Match(position: predicted.lowerBound, length: Self.predictionLength) }
  }

  /// Takes a token that was chosen.
  ///
  /// What would have been proposed is compared with it, whether it was or not: so how often guesses come true is known
  /// without computing any.
  package mutating func append(_ token: Token) {
    if let match {
      let isHit = tokens[match.position] == token
      record.note(isHit: isHit, length: match.length)
      if isHit, predicted.contains(match.position) { predictedCount += 1 }
    }
    join(token)
  }

  /// How likely the first token is to come that it would propose; nil where there is none.
  var chance: Double? { match.map { record.rate(length: $0.length) } }

  /// The tokens that may come next, at most `most`, and no more than `worth` says.
  ///
  /// `worth` is given how likely the first, the first two, … are to come true, and says whether that is worth a row.
  package func proposal(most: Int, while worth: (Double) -> Bool) -> [Token] {
    guard let match else { return [] }
    var proposed: [Token] = []
    var chance = 1.0
    while proposed.count < min(most, Self.mostTokens) {
      chance *= record.rate(length: match.length + proposed.count)
      guard worth(chance) else { break }
      // Behind the end of the text its repetition goes on with what is proposed.
      let position = match.position + proposed.count
      proposed.append(position < tokens.count ? tokens[position] : proposed[position - tokens.count])
    }
    return proposed
  }

  private mutating func join(_ token: Token) {
    // A place that has been right so far is kept: it agrees in more tokens than are looked up.
    var next = match.flatMap {
      tokens[$0.position] == token ? Match(position: $0.position + 1, length: $0.length + 1) : nil
    }
    if let known = next, known.length < Self.lookedUp.upperBound { next = nil }
    tokens.append(token)
    for length in Self.lookedUp.reversed() where tokens.count >= length {
      let run = tokens.suffix(length)
      let found = tables[length - Self.lookedUp.lowerBound].exchange(run, for: tokens.count)
      guard next == nil, found >= length, tokens[found - length..<found] == run else { continue }
      next = Match(position: found, length: length)
    }
    match = next
  }
}

/// How often the token came true that followed a match, by the match's length.
private struct HitRecord: Sendable {
  /// For matches of 2, 3, 4 to 7, and 8 tokens and more, with what is taken for likely at first.
  private var rates = [0.2, 0.3, 0.5, 0.7]

  func rate(length: Int) -> Double { rates[Self.index(length)] }

  mutating func note(isHit: Bool, length: Int) {
    let index = Self.index(length)
    rates[index] += ((isHit ? 1 : 0) - rates[index]) / 16
  }

  private static func index(_ length: Int) -> Int { length < 4 ? max(0, length - 2) : length < 8 ? 2 : 3 }
}
