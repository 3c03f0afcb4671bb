/// How often something is repeated; nil is without end.
struct RepetitionCounts: Equatable {
  let atLeast: Int
  let atMost: Int?

  /// The largest count.
  static let limit = Int(Int32.max)
}

extension RepetitionCounts {
  /// Counts as they are written at `offset`.
  init(_ atLeast: Int, _ atMost: Int?, at offset: Int) throws(GrammarError) {
    guard max(atLeast, atMost ?? 0) <= Self.limit else {
      throw .tooLarge(what: "a count of repetitions", limit: Self.limit)
    }
    guard atMost.map({ $0 >= atLeast }) ?? true else {
      throw .syntax(reason: "the least count is larger than the largest: exchange them", offset: offset)
    }
    self.init(atLeast: atLeast, atMost: atMost)
  }
}
