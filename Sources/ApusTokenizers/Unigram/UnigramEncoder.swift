/// SentencePiece's unigram model (T5, XLM-R and the embedding models made of it): of all ways to cut a text into tokens
/// the one whose scores add up to most.
///
/// The scores are logarithms of probabilities. Source: Kudo 2018 (arXiv 1804.10959), the `unigram` model of
/// google/sentencepiece; the best path is Viterbi's.
struct UnigramEncoder: TokenizerFamily {
  static let name = "t5"

  private let scores: [Double]
  private let prefixes: TokenPrefixes
  /// What a character costs that is no token: more than the worst of them.
  private let unknownScore: Double
  private let normalizer: UnigramNormalizer
  private let fallback: ByteFallback
  private let addsSpacePrefix: Bool

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    VocabularyDefaults(specialIDs: [.padding: 0, .endOfSequence: 1, .unknown: 2], addsEOS: true)
  }

  init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    guard !vocabulary.scores.isEmpty else { throw .missing("scores", family: Self.name) }
    let normal = vocabulary.tokens { $0 == .normal }
    // What is no number, or none that could be added up, counts as the worst or best score that one would give.
    let scores = vocabulary.scores.map { $0.isNaN ? -1e9 : min(max(Double($0), -1e9), 1e9) }
    self.scores = scores
    unknownScore = normal.reduce(0) { min($0, scores[Int($1)]) } - 10
    prefixes = TokenPrefixes(vocabulary)
    normalizer = try UnigramNormalizer(vocabulary.normalization)
    fallback = try ByteFallback(vocabulary)
    addsSpacePrefix = vocabulary.addsSpacePrefix
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let text = normalizer.normalized(text, range, addsSpace: startsText && addsSpacePrefix, &check)
    var unknownStart: Int?
    var position = 0
    for step in bestPath(text, &check) {
      if step.token < 0 {
        unknownStart = unknownStart ?? position
      } else {
        if let start = unknownStart { fallback.spell(text[start..<position], into: &tokens) }
        unknownStart = nil
        tokens.append(step.token)
      }
      position += Int(step.byteCount)
    }
    if let start = unknownStart { fallback.spell(text[start..<position], into: &tokens) }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind, to: &bytes)
  }

  /// A token of a path, or -1 for a character that is none, and its length.
  private struct Step {
    var token: Token
    var byteCount: UInt16
  }

  /// The steps of the best way through `text`; none where `check` says to stop.
  private func bestPath(_ text: [UInt8], _ check: inout StopCheck) -> [Step] {
    /// The best way to each place, as its last step; of zero bytes where none leads there.
    var steps = [Step](repeating: Step(token: -1, byteCount: 0), count: text.count + 1)
    var best = [Double](repeating: 0, count: text.count + 1)
    func offer(_ score: Double, _ token: Token, _ start: Int, _ end: Int) {
      guard steps[end].byteCount == 0 || score > best[end] else { return }
      best[end] = score
      steps[end] = Step(token: token, byteCount: UInt16(end - start))
    }
    for start in 0..<text.count where start == 0 || steps[start].byteCount > 0 {
      let characterEnd = start + scalar(in: text.span, at: start, end: text.count).byteCount
      var knowsCharacter = false
      prefixes.forEachMatch(in: text, at: start, end: text.count) { token, end in
        offer(best[start] + scores[Int(token)], token, start, end)
        if end == characterEnd { knowsCharacter = true }
      }
      if !knowsCharacter { offer(best[start] + unknownScore, -1, start, characterEnd) }
      check.advance(by: 1)
      if check.isStopped { return [] }
    }
    var path: [Step] = []
    var end = text.count
    while end > 0 {
      path.append(steps[end])
      end -= Int(steps[end].byteCount)
    }
    return path.reversed()
  }
}
