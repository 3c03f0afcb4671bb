package import ApusCore
package import ApusSampling
package import ApusTokenizers

/// A completion while it is produced: its text, and the one place that decides how it ends; a pure value.
///
/// Its text never has half a character nor the beginning of a stop text.
package struct CompletionState: Sendable {
  private let stops: [String]
  private let stopTokens: Set<Token>
  private let endTokens: Set<Token>
  private let limit: Int
  private var decoder: StreamingDecoder
  private var matcher: StopMatcher
  private var unsent = TextDelta(text: "", tokens: [])

  /// Tokens that joined the completion.
  package private(set) var tokenCount = 0
  /// Tokens that it may still have.
  var room: Int { max(0, limit - tokenCount) }
  /// The token that ended it and did not join it; nil where none did.
  package private(set) var endToken: GeneratedToken?
  /// How it ended; nil while it goes on.
  package private(set) var ending: Ending?

  /// The completion of `prompt` with `options`, of at most `room` tokens; the control tokens `shown` are part of its
  /// text.
  ///
  /// Unless `isCutByStops`, stop texts and tokens are not looked for.
  /// Throws where a stop text is empty or too long, or where there are too many.
  package init(
    _ tokenizer: Tokenizer, after prompt: [Token], _ options: GenerationOptions, showing shown: Set<Token> = [],
    room: Int, isCutByStops: Bool = true
  ) throws(SamplingError) {
    let continuesText = prompt.contains { !tokenizer.piece(of: $0).isEmpty }
    decoder = StreamingDecoder(tokenizer, shown: shown, continuing: continuesText)
    // A stop text or token would cut a constrained text anywhere.
    let stopsCount = isCutByStops && options.constraint == nil
    matcher = try StopMatcher(stopsCount ? options.stop : [])
    stops = options.stop
    stopTokens = stopsCount ? Set(options.stopTokens) : []
    endTokens = options.ignoreEOS ? [] : tokenizer.vocabulary.endOfGeneration
    limit = min(options.maxTokens ?? room, room)
  }

  /// Takes chosen tokens up to the one that ends the completion; later ones are dropped.
  ///
  /// Gives those that joined it, and the ending if it came. Tokens that end it by themselves do not join.
  package mutating func take(_ chosen: [GeneratedToken]) -> Verdict {
    var joined: [Token] = []
    for token in chosen {
      guard ending == nil else { break }
      if let stop = stop(by: token.id) {
        endToken = token
        end(Ending(stop))
      } else {
        join(token)
        joined.append(token.id)
      }
    }
    return .tokens(joined, ending)
  }

  /// Takes note of how far the prompt is processed: with the last of it a completion of no tokens ends.
  package mutating func take(_ progress: PromptProgress) -> Verdict {
    guard limit == 0, progress.processed >= progress.total else { return .chunk }
    end(Ending(.length))
    return .tokens([], ending)
  }

  /// Ends the completion, if it goes on, and lets out the text that was held back.
  ///
  /// A stop text in that decides instead of `ending`.
  package mutating func end(_ ending: Ending) {
    guard self.ending == nil else { return }
    unsent.text += matcher.feed(decoder.finish()).text
    let output = matcher.finish()
    unsent.text += output.text
    self.ending = output.stop.map { Ending(.stopText(stops[$0])) } ?? ending
  }

  /// What came since the last call: text that is certain, and tokens.
  package mutating func takeDelta() -> TextDelta {
    defer { unsent = TextDelta(text: "", tokens: []) }
    return unsent
  }

  private func stop(by token: Token) -> StopReason? {
    if stopTokens.contains(token) { return .stopToken(token) }
    return endTokens.contains(token) ? .endOfGeneration(token) : nil
  }

  private mutating func join(_ token: GeneratedToken) {
    tokenCount += 1
    unsent.tokens.append(token)
    let output = matcher.feed(decoder.feed(token.id))
    unsent.text += output.text
    if let stop = output.stop { return end(Ending(.stopText(stops[stop]))) }
    if tokenCount >= limit { end(Ending(.length)) }
  }
}
