internal import ApusCore
internal import ApusText

/// SentencePiece's byte-pair encoding (Llama 2, Mistral, Phi-3): the pair whose joined text has the best score merges
/// first, and what is no token in the end is spelled in byte tokens.
///
/// Spaces are written U+2581 in the vocabulary. Source: the `bpe` model of google/sentencepiece, and Kudo and
/// Richardson 2018 (arXiv 1808.06226). Bytes that are not UTF-8 are kept, as byte tokens.
struct SentencePieceEncoder: TokenizerFamily {
  static let name = "llama"

  private let vocabulary: Vocabulary
  /// For each token how late it merges: the place of its score among all scores, `UInt32.max` for what never merges.
  private let ranks: [UInt32]
  private let longestToken: Int
  /// Whether no token goes from something else on to a space mark, so that a text can be cut there.
  private let keepsWordsApart: Bool
  private let fallback: ByteFallback
  let gaps: [VocabularyGap]

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    VocabularyDefaults(
      specialIDs: [.unknown: 0, .beginningOfSequence: 1, .endOfSequence: 2], addsBOS: true, addsSpacePrefix: true)
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    guard !vocabulary.scores.isEmpty else { throw .missing("scores", family: Self.name) }
    self.vocabulary = vocabulary
    let ranks = mergeRanks(of: vocabulary)
    self.ranks = ranks
    keepsWordsApart = !(0..<vocabulary.count).contains { ranks[$0] != .max && joinsWords(vocabulary.texts[$0]) }
    longestToken = vocabulary.longestText
    fallback = try ByteFallback(vocabulary)
    gaps = vocabulary.scoreGaps + fallback.gaps
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let escaped = SpaceMark.escaped(text, range, addsSpace: startsText && vocabulary.addsSpacePrefix)
    let rule = Rule(encoder: self, text: escaped)
    var merger = PairMerger()
    var start = 0
    while start < escaped.count, !check.isStopped {
      let end = endOfWord(escaped, start)
      check.advance(by: end - start)
      merge(rule, start..<end, &merger, into: &tokens, &check)
      start = end
    }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind, to: &bytes)
  }

  /// Where the part of `text` that starts at `start` ends: before a space mark that follows something else, because no
  /// token goes on over it; at the end of the text for vocabularies in which one does.
  private func endOfWord(_ text: [UInt8], _ start: Int) -> Int {
    let limit = min(text.count, start + PairMerger.byteLimit)
    guard keepsWordsApart else { return limit }
    var position = start
    while position < limit, SpaceMark.stands(in: text, at: position) { position += SpaceMark.utf8.count }
    while position < limit, !SpaceMark.stands(in: text, at: position) { position += 1 }
    return min(position, limit)
  }

  private func merge(
    _ rule: Rule, _ word: Range<Int>, _ merger: inout PairMerger, into tokens: inout [Token],
    _ check: inout StopCheck
  ) {
    let text = rule.text
    var position = word.lowerBound
    while position < word.upperBound {
      let end = position + scalar(in: text.span, at: position, end: word.upperBound).byteCount
      let token = mergeable(text, position..<end) ?? -1
      merger.append(Symbol(start: position, end: end, token: token))
      position = end
    }
    merger.merge(rule, &check) { symbol in
      if symbol.token >= 0 {
        tokens.append(symbol.token)
      } else {
        fallback.spell(text[symbol.start..<symbol.end], into: &tokens)
      }
    }
  }

  /// The token with the text `text[range]`, if text may become it: not control, unknown or byte tokens.
  private func mergeable(_ text: [UInt8], _ range: Range<Int>) -> Token? {
    guard range.count <= longestToken, let token = vocabulary.token(of: text, range) else { return nil }
    return ranks[Int(token)] == .max ? nil : token
  }

  private struct Rule: MergeRule {
    let encoder: SentencePieceEncoder
    let text: [UInt8]

    func merge(_ left: Symbol, _ right: Symbol) -> Merge? {
      encoder.mergeable(text, left.start..<right.end).map {
        Merge(rank: encoder.ranks[Int($0)], token: $0)
      }
    }
  }
}

/// Whether `text` has a space mark after something else.
private func joinsWords(_ text: ArraySlice<UInt8>) -> Bool {
  var rest = text
  while rest.starts(with: SpaceMark.utf8) { rest = rest.dropFirst(SpaceMark.utf8.count) }
  return rest.indices.contains { rest[$0] == SpaceMark.utf8[0] && rest[$0...].starts(with: SpaceMark.utf8) }
}

/// The place of each token's score among the scores, best first, equal scores in one place; NaN comes last.
///
/// Marks of structure have none: text never merges into them.
private func mergeRanks(of vocabulary: Vocabulary) -> [UInt32] {
  let scores = vocabulary.scores.map { $0.isNaN ? -Float.infinity : $0 }
  let order = vocabulary.tokens { $0 == .normal || $0 == .userDefined || $0 == .unused }
    .filter { !vocabulary.isMark($0) }
    .sorted { scores[Int($0)] > scores[Int($1)] }
  var ranks = [UInt32](repeating: .max, count: scores.count)
  var rank: UInt32 = 0
  for (place, token) in order.enumerated() {
    if place > 0, scores[Int(token)] != scores[Int(order[place - 1])] { rank += 1 }
    ranks[Int(token)] = rank
  }
  return ranks
}
