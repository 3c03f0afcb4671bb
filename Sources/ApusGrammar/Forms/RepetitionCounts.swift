/// What every text form checks of the counts of a repetition.
enum RepetitionCounts {
  /// The largest count.
  static let limit = Int(Int32.max)

  static func check(_ atLeast: Int, _ atMost: Int?, error: (String) -> GrammarError) throws(GrammarError) {
    guard max(atLeast, atMost ?? 0) <= limit else { throw .tooLarge(what: "a count of repetitions", limit: limit) }
    guard atMost.map({ $0 >= atLeast }) ?? true else {
      throw error("the least count is larger than the largest: exchange them")
    }
  }
}
