internal import ApusCore

/// Byte-level byte-pair encoding (GPT-2, Llama 3, Qwen2, …): the text is cut into words, and in each word the pair of
/// tokens that comes first in the list of merges is joined, until none is in the list.
///
/// Source: Radford et al. 2019 (GPT-2), after Sennrich et al. 2016 (arXiv 1508.07909). A byte without a token is
/// dropped, as Hugging Face's tokenizers do. Bytes that are not UTF-8 are kept as they are.
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
    let pretokenizer = try Pretokenizer.named(description.pretokenizer)
    var defaults = VocabularyDefaults(
      addsBOS: pretokenizer.addsBOS, addsSeparator: pretokenizer.addsSeparator)
    if Pretokenizer.isUnnamed(description.pretokenizer) { defaults.gaps.append(.pretokenizer) }
    return defaults
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    guard vocabulary.merges.count > 0 else { throw .missing("merges", family: Self.name) }
    pretokenizer = try Pretokenizer.named(vocabulary.pretokenizer)
    let merges = Merges(vocabulary)
    pairs = merges.table
    gaps = merges.gaps
    longestToken = vocabulary.longestText
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
      for part in PairMerger.parts(of: word) { merge(text, part, &merger, into: &tokens, &check) }
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
    merger.merge(PairRule(pairs: pairs), &check) { tokens.append($0.token) }
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
}
