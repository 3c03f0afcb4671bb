internal import ApusCore

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
  let gaps: [VocabularyGap]

  static func defaults(for description: VocabularyDescription) -> VocabularyDefaults {
    // The models of this family that compare two texts are XLM-R's kind, which puts two EOS between them.
    VocabularyDefaults(
      specialIDs: [.padding: 0, .endOfSequence: 1, .unknown: 2], addsEOS: true, addsSeparator: true)
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
    gaps = vocabulary.scoreGaps + fallback.gaps
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, startsText: Bool, into tokens: inout [Token], _ check: inout StopCheck
  ) {
    let text = normalizer.normalized(text, range, addsSpace: startsText && addsSpacePrefix, &check)
    let steps = bestPath(text, &check)
    if check.isStopped { return }
    var unknownStart: Int?
    var position = 0
    while position < text.count {
      let step = steps[position]
      if step < 0 {
        unknownStart = unknownStart ?? position
      } else if let token = prefixes.token(of: text, position..<position + Int(step)) {
        if let start = unknownStart { fallback.spell(text[start..<position], into: &tokens) }
        unknownStart = nil
        tokens.append(token)
      }
      position += Int(step.magnitude)
    }
    if let start = unknownStart { fallback.spell(text[start..<position], into: &tokens) }
  }

  func appendPiece(_ text: ArraySlice<UInt8>, _ kind: TokenKind, to bytes: inout [UInt8]) {
    SpaceMark.appendPiece(text, kind, to: &bytes)
  }

  /// The best way through `text`, as the step that starts at each place on it.
  ///
  /// A step is how many bytes the token has, negative for a character that is none. Of no use where `check` says to
  /// stop. Memory is two bytes for each of `text`, because a prompt may be large.
  private func bestPath(_ text: [UInt8], _ check: inout StopCheck) -> [Int16] {
    /// The last step of the best way to each place; 0 where none leads there.
    var steps = [Int16](repeating: 0, count: text.count + 1)
    /// The score of that way, for the places that are as near as a step is long.
    var best = [Double](repeating: 0, count: 2 * TokenPrefixes.byteLimit)
    let mask = best.count - 1
    func offer(_ score: Double, _ step: Int, _ end: Int) {
      guard steps[end] == 0 || score > best[end & mask] else { return }
      best[end & mask] = score
      steps[end] = Int16(step)
    }
    for start in 0..<text.count where start == 0 || steps[start] != 0 {
      let score = best[start & mask]
      let characterEnd = start + scalar(in: text.span, at: start, end: text.count).byteCount
      var knowsCharacter = false
      prefixes.forEachMatch(in: text, at: start, end: text.count) { token, end in
        offer(score + scores[Int(token)], end - start, end)
        if end == characterEnd { knowsCharacter = true }
      }
      if !knowsCharacter { offer(score + unknownScore, start - characterEnd, characterEnd) }
      check.advance(by: 1)
      if check.isStopped { return steps }
    }
    // From the end back: each step goes from the place where it ends to the one where it starts.
    var (end, step) = (text.count, steps[text.count])
    while end > 0 {
      let start = end - Int(step.magnitude)
      (end, step, steps[start]) = (start, steps[start], step)
    }
    return steps
  }
}
