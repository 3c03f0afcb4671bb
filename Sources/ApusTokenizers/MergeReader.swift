internal import ApusCore

/// Makes pairs of tokens of merges, which model files spell as texts.
///
/// That is most of the work of loading a vocabulary, so it goes block by block: what is looked up for all merges of a
/// block does not wait for memory once for each.
struct MergeReader {
  private static let blockSize = 256

  private let vocabulary: Vocabulary
  private(set) var table: PairTable
  /// How many merges do not join two tokens to a third.
  private var unusable: Int
  /// The result of the last merge.
  private var last: Token = 0
  /// The left and the right part of each merge of a block.
  private var parts = ByteStrings()

  /// Reads all merges of `vocabulary`.
  ///
  /// A merge whose parts or result are no tokens can never happen, and is left out; so is one that would make a mark of
  /// structure out of text, which does not count.
  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    let count = vocabulary.merges.count
    table = PairTable(capacity: count)
    unusable = count
    for start in stride(from: 0, to: count, by: Self.blockSize) {
      let block = start..<min(start + Self.blockSize, count)
      table.insert(pairs(of: block))
    }
  }

  /// What is wrong with the merges.
  var gaps: [VocabularyGap] { unusable > 0 ? [.merges(unusable: unusable)] : [] }

  /// The merges of a block that happen.
  private mutating func pairs(of block: Range<Int>) -> [PairTable.Entry] {
    let ranks = split(block)
    let tokens = vocabulary.tokens(of: parts)
    var entries: [PairTable.Entry] = []
    entries.reserveCapacity(ranks.count)
    for (place, rank) in ranks.enumerated() {
      let (left, right) = (tokens[2 * place], tokens[2 * place + 1])
      guard left >= 0, right >= 0, let token = result(of: place) else { continue }
      last = token
      unusable -= 1
      if vocabulary.isMark(token) { continue }
      let merge = Merge(rank: UInt32(truncatingIfNeeded: rank), token: token)
      entries.append(.init(left: left, right: right, merge: merge))
    }
    return entries
  }

  /// The ranks of the merges in `block` that have two parts, which become `parts`.
  private mutating func split(_ block: Range<Int>) -> [Int] {
    let merges = vocabulary.merges
    var ranks: [Int] = []
    ranks.reserveCapacity(block.count)
    parts.removeAll()
    for rank in block {
      let merge = merges.span(rank)
      // A space at the very start would be part of the left token.
      var space = 1
      while space < merge.count, merge[space] != 0x20 { space += 1 }
      guard space < merge.count else { continue }
      ranks.append(rank)
      parts.append(merge.extracting(..<space))
      parts.append(merge.extracting((space + 1)...))
    }
    return ranks
  }

  /// The token with the text of both parts of the merge at `place` of the block, which lie side by side.
  ///
  /// Vocabularies list their tokens in the order of the merges: looking there first spares cache misses.
  private func result(of place: Int) -> Token? {
    let range = parts.range(2 * place).lowerBound..<parts.range(2 * place + 1).upperBound
    return vocabulary.token(of: parts.bytes.span.extracting(range), guess: last)
  }
}
