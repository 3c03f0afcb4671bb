package import ApusCore

/// The tokens still in the running, with their logits: the memory that choosing a token works in.
///
/// Nothing of one choice is left for the next, so that one workspace serves any number of sequences, one after the
/// other, of any vocabularies. Nothing is allocated per token once the arrays have grown. It starts *whole*, as one
/// logit per token of the vocabulary, so that bias and penalties touch only the tokens they concern; the first stage
/// that truncates makes it a list.
package struct Workspace: Sendable {
  /// The order in which the list stands.
  enum Order: Sendable {
    case byToken
    case byRank
    case none
  }

  /// The logits by token, while the vocabulary is whole; −infinity is a forbidden token.
  var logits: [Float] = []
  /// True until there is a list.
  private(set) var isWhole = true
  /// The list, once there is one.
  var entries: [Candidate] = []
  /// The order of the list.
  var order = Order.byToken
  /// The weights that `weigh()` left, one for each entry, the best one's being 1.
  private(set) var weights: [Double] = []
  /// Room for the stage that ranks positions instead of candidates.
  var positions: [Candidate] = []
  var sorter = RankSorter()
  /// Room for the tokens that a constraint allows.
  package var mask = TokenMask(vocabularySize: 0, allowingAll: false)

  /// A workspace that takes its memory with the first choice.
  package init() {}

  /// Starts anew from raw logits; they are copied, and refused where one is NaN or +infinity or all are −infinity.
  package mutating func load(_ source: Span<Float>) throws(SamplingError) {
    if logits.count != source.count { logits = Array(repeating: -.infinity, count: source.count) }
    isWhole = true
    var scan = LogitScan()
    var copy = logits.mutableSpan
    for token in 0..<source.count {
      // Both counts are equal. Adding 0 turns −0 into 0, so that the two tie.
      let logit = unsafe source[unchecked: token] + 0
      unsafe copy[unchecked: token] = logit
      scan.add(logit)
    }
    guard scan.isUsable else { throw LogitScan.failure(in: source) }
  }

  /// Starts anew from a list in any order, for tests and for callers that have no whole vocabulary.
  package mutating func load(_ list: [Candidate]) {
    entries = list
    isWhole = false
    order = .none
  }

  /// The candidates as a list, in the order they stand in.
  package var list: [Candidate] {
    var copy = self
    copy.makeList()
    return copy.entries
  }

  /// How many candidates there are; makes the list.
  package mutating func count() -> Int {
    makeList()
    return entries.count
  }

  /// Gives every token that is not forbidden an entry in the list, where there is no list yet.
  mutating func makeList() {
    guard isWhole else { return }
    entries.removeAll(keepingCapacity: true)
    for (token, logit) in logits.enumerated() where logit > -.infinity {
      entries.append(Candidate(token: Token(token), logit: logit))
    }
    isWhole = false
    order = .byToken
  }

  /// Makes the list of the best `count` tokens of the whole vocabulary only, sorted.
  mutating func selectFromWhole(_ count: Int) {
    let whole = logits
    select(count, from: whole.span)
  }

  /// Makes the list of the best `count` tokens of these logits only, sorted; forbidden ones are never among them.
  mutating func select(_ count: Int, from logits: Span<Float>) {
    TopSelection.select(count, from: logits, into: &entries)
    isWhole = false
    order = .none
    sort()
  }

  /// Puts the best candidate first, and so on; ties go to the lower token.
  package mutating func sort() {
    makeList()
    guard order != .byRank else { return }
    sorter.sort(&entries, byToken: order == .byToken)
    order = .byRank
  }

  /// Drops all but the first `count` of the list.
  mutating func truncate(to count: Int) {
    guard count < entries.count else { return }
    entries.removeLast(entries.count - count)
  }

  /// Drops entries that do not satisfy `isKept`; the rest keeps its order.
  @inline(__always)
  private mutating func keep(where isKept: (Candidate) -> Bool) {
    var kept = 0
    for index in entries.indices {
      let entry = entries[index]
      guard isKept(entry) else { continue }
      entries[kept] = entry
      kept += 1
    }
    truncate(to: kept)
  }

  /// Drops candidates with a logit below `threshold`, yet keeps the best `minimum` in any case, and always one.
  mutating func keep(atLeast threshold: Double, minimum: Int) {
    makeList()
    let minimum = min(max(minimum, 1), entries.count)
    if order == .byRank {
      let kept = entries.firstIndex { Double($0.logit) < threshold } ?? entries.count
      return truncate(to: max(kept, minimum))
    }
    var above = 0
    for entry in entries where Double(entry.logit) >= threshold { above += 1 }
    if above >= minimum {
      keep { entry in Double(entry.logit) >= threshold }
    } else {
      sort()
      truncate(to: minimum)
    }
  }

  /// The best candidate; the list must not be empty.
  package mutating func best() -> Candidate {
    makeList()
    guard order != .byRank else { return entries[0] }
    var best = entries[0]
    for entry in entries where entry < best { best = entry }
    return best
  }

  /// Computes `weights`: e to the power (logit − best logit) for each entry of the list.
  ///
  /// - Returns: Their sum; a candidate's probability is its weight over this.
  mutating func weigh() -> Double {
    let highest = Double(best().logit)
    weights.removeAll(keepingCapacity: true)
    var total = 0.0
    for entry in entries {
      let weight = PortableMath.exp(Double(entry.logit) - highest)
      weights.append(weight)
      total += weight
    }
    return total
  }

  /// Draws one candidate by its probability.
  ///
  /// - Returns: The candidate, and its probability among those left.
  package mutating func draw(using random: inout RandomSource) -> (candidate: Candidate, probability: Double) {
    let total = weigh()
    var rest = random.nextUnit() * total
    var chosen = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
      chosen = index
      rest -= weight
      if rest < 0 { break }
    }
    return (entries[chosen], weights[chosen] / total)
  }

  /// The best token of the whole vocabulary, the lowest of equals; nil where every token is forbidden.
  mutating func bestToken() -> Token? {
    selectFromWhole(1)
    return entries.first?.token
  }

  /// Whether every token of the whole vocabulary is forbidden.
  var isEverythingForbidden: Bool {
    !logits.contains { $0 > -.infinity }
  }
}
