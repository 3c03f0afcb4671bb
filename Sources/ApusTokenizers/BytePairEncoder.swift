internal import ApusCore

/// Byte-level byte-pair encoding (GPT-2, Llama 3, Qwen2, …): the text is cut into words, and in each word the pair of
/// tokens that comes first in the list of merges is joined, until none is in the list.
///
/// Source: Radford et al. 2019 (GPT-2), after Sennrich et al. 2016 (arXiv 1508.07909). A byte without a token is dropped,
/// as Hugging Face's tokenizers do. Bytes that are not UTF-8 are kept as they are.
struct BytePairEncoder: TokenizerFamily {
  static let name = "gpt2"

  private let vocabulary: Vocabulary
  private let pretokenizer: Pretokenizer
  private let alphabet = ByteAlphabet()
  private let pairs: PairTable
  private let longestToken: Int
  let gaps: [VocabularyGap]
  /// The token of each byte; -1 where there is none.
  private let byteTokens: [Token]

  static func defaults(for description: VocabularyDescription) throws(TokenizerError) -> VocabularyDefaults {
    var defaults = VocabularyDefaults(addsBOS: try Pretokenizer.named(description.pretokenizer).addsBOS)
    if Pretokenizer.isUnnamed(description.pretokenizer) { defaults.gaps.append(.pretokenizer) }
    return defaults
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    guard vocabulary.merges.count > 0 else { throw .missing("merges", family: Self.name) }
    pretokenizer = try Pretokenizer.named(vocabulary.pretokenizer)
    let unusable: Int
    (pairs, unusable) = pairTable(of: vocabulary)
    gaps = unusable > 0 ? [.merges(unusable: unusable)] : []
    longestToken = (0..<vocabulary.count).reduce(0) { max($0, vocabulary.texts.range($1).count) }
    byteTokens = alphabet.characters.map { character in
      let token = vocabulary.token(of: character, character.indices) ?? -1
      return vocabulary.kind(of: token) == .userDefined ? -1 : token
    }
    self.vocabulary = vocabulary.withoutMerges()
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    var merger = PairMerger()
    var spelling: [UInt8] = []
    var start = range.lowerBound
    for end in pretokenizer.ends(of: text.span, range) {
      let word = start..<end
      start = end
      check.advance(by: word.count)
      if check.isStopped { return }
      if pretokenizer.prefersWholeWords, let token = wholeWord(text, word, &spelling) {
        tokens.append(token)
        continue
      }
      var rest = word
      while !rest.isEmpty {
        let part = rest.prefix(PairMerger.byteLimit)
        merge(text, part, &merger, into: &tokens, &check)
        rest = part.upperBound..<rest.upperBound
      }
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    if kind == .userDefined {
      bytes.append(contentsOf: text)
    } else {
      alphabet.appendBytes(of: text, to: &bytes)
    }
  }

  private func merge(
    _ text: [UInt8], _ word: Range<Int>, _ merger: inout PairMerger, into tokens: inout [Token],
    _ check: inout StopCheck
  ) {
    for position in word {
      let token = byteTokens[Int(text[position])]
      if token >= 0 { merger.append(Symbol(start: 0, end: 0, token: token)) }
    }
    merger.merge(Rule(pairs: pairs), &check) { tokens.append($0.token) }
  }

  /// The token that is all of `text[word]`; `spelling` is room to write it in the byte alphabet.
  private func wholeWord(_ text: [UInt8], _ word: Range<Int>, _ spelling: inout [UInt8]) -> Token? {
    guard word.count <= longestToken else { return nil }
    spelling.removeAll(keepingCapacity: true)
    for position in word { spelling.append(contentsOf: alphabet.characters[Int(text[position])]) }
    guard let token = vocabulary.token(of: spelling, spelling.indices), vocabulary.kind(of: token) == .normal else {
      return nil
    }
    return token
  }

  private struct Rule: MergeRule {
    let pairs: PairTable

    func merge(_ left: Symbol, _ right: Symbol) -> Merge? { pairs.merge(left.token, right.token) }
  }
}

/// The merges as pairs of tokens, and how many are none.
///
/// A merge whose parts or result are no tokens can never happen, and is left out; so is one that would make a mark of
/// structure out of text, which does not count.
private func pairTable(of vocabulary: Vocabulary) -> (table: PairTable, unusable: Int) {
  let merges = vocabulary.merges
  var table = PairTable(capacity: merges.count)
  var unusable = merges.count
  var joined: [UInt8] = []
  // Vocabularies list their tokens in the order of the merges: looking there first spares cache misses.
  var last: Token = 0
  for rank in 0..<merges.count {
    let range = merges.range(rank)
    // A space at the very start would be part of the left token.
    guard let space = firstSpace(in: merges.bytes, range.dropFirst()) else { continue }
    let leftRange = range.lowerBound..<space
    let rightRange = space + 1..<range.upperBound
    joined.removeAll(keepingCapacity: true)
    joined.append(contentsOf: merges.bytes[leftRange])
    joined.append(contentsOf: merges.bytes[rightRange])
    guard let left = vocabulary.token(of: merges.bytes, leftRange),
      let right = vocabulary.token(of: merges.bytes, rightRange),
      let token = vocabulary.token(of: joined, joined.indices, guess: last)
    else { continue }
    last = token
    unusable -= 1
    if vocabulary.isMark(token) { continue }
    table.insert(left, right, Merge(rank: UInt32(truncatingIfNeeded: rank), token: token))
  }
  return (table, unusable)
}

private func firstSpace(in bytes: [UInt8], _ range: Range<Int>) -> Int? {
  for position in range where bytes[position] == 0x20 { return position }
  return nil
}
