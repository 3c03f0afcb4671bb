internal import ApusCore

/// The pairs of tokens of a vocabulary's merges, which model files spell as texts.
struct Merges {
  /// Merges that are worth a thread.
  private static let pieceSize = 1 << 14

  let table: PairTable
  /// How many do not join two tokens to a third.
  private let unusable: Int

  /// Reads all merges of `vocabulary`, as most of the work of loading it on all cores.
  ///
  /// A merge whose parts or result are no tokens can never happen, and is left out; so is one that would make a mark of
  /// structure out of text, which does not count.
  init(_ vocabulary: Vocabulary) {
    let count = vocabulary.merges.count
    let pieces = sideBySide((count + Self.pieceSize - 1) / Self.pieceSize) { piece in
      let first = piece * Self.pieceSize
      var reader = MergeReader(vocabulary)
      reader.read(first..<min(first + Self.pieceSize, count))
      return reader
    }
    var table = PairTable(capacity: count)
    for piece in pieces { table.insert(piece.entries) }
    self.table = table
    unusable = pieces.reduce(0) { $0 + $1.unusable }
  }

  /// What is wrong with the merges.
  var gaps: [VocabularyGap] { unusable > 0 ? [.merges(unusable: unusable)] : [] }
}

/// Reads some merges, block by block: what is looked up for all merges of a block does not wait for memory once for
/// each.
private struct MergeReader {
  private static let blockSize = 256

  /// The merges that happen.
  private(set) var entries: [PairTable.Entry] = []
  private(set) var unusable = 0
  private let vocabulary: Vocabulary
  /// The result of the last merge.
  private var last: Token = 0
  /// The left and the right part of each merge of a block.
  private var parts = ByteStrings()

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  mutating func read(_ merges: Range<Int>) {
    entries.reserveCapacity(merges.count)
    for first in stride(from: merges.lowerBound, to: merges.upperBound, by: Self.blockSize) {
      readBlock(first..<min(first + Self.blockSize, merges.upperBound))
    }
  }

  private mutating func readBlock(_ block: Range<Int>) {
    let ranks = split(block)
    unusable += block.count - ranks.count
    let tokens = vocabulary.tokens(of: parts)
    for (place, rank) in ranks.enumerated() {
      let (left, right) = (tokens[2 * place], tokens[2 * place + 1])
      guard left >= 0, right >= 0, let token = result(of: place) else {
        unusable += 1
        continue
      }
      last = token
      if vocabulary.isMark(token) { continue }
      let merge = Merge(rank: UInt32(truncatingIfNeeded: rank), token: token)
      entries.append(.init(left: left, right: right, merge: merge))
    }
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
