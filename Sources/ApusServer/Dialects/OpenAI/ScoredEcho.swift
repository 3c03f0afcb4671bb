internal import Apus

/// A prompt that stands before its completion with log probabilities: what evaluations read that compare answers.
struct ScoredEcho: Sendable {
  private let prompt: [Token]
  private let added: Int

  /// The prompt of which the first `added` tokens are not the client's, and not told.
  init(_ prompt: [Token], added: Int) {
    self.prompt = prompt
    self.added = added
  }

  /// Where log probabilities begin: with the prompt's `text`, to which the tokenizer may have added a space.
  func logProbabilities(_ model: Model, _ text: String, top: Int) -> LegacyLogProbabilities {
    let space = UInt8(ascii: " ")
    let first = prompt.dropFirst(added).first.flatMap { model.bytes(of: $0).first }
    return LegacyLogProbabilities(model, offset: first == space && text.utf8.first != space ? -1 : 0, top: top)
  }

  /// The prompt's tokens, of which the first has no probability; `completion`; and the token that ended it.
  ///
  /// So there is one more than the prompt has where one token was asked for, whichever it was.
  func tokens(before completion: [GeneratedToken], _ summary: GenerationSummary?) -> [GeneratedToken] {
    let scores = summary?.scores ?? []
    let echo = prompt.indices.dropFirst(added).map { index in
      let score = index > added && index <= scores.count ? scores[index - 1] : nil
      return GeneratedToken(id: prompt[index], logProbabilities: score)
    }
    return echo + completion + (summary?.endToken.map { [$0] } ?? [])
  }
}
