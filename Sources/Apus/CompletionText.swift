internal import ApusSampling
internal import ApusTokenizers

/// Turns a completion's tokens into text that never has half a character nor the beginning of a stop text.
struct CompletionText: Sendable {
  private let stops: [String]
  private var decoder: StreamingDecoder
  private var matcher: StopMatcher

  /// The text after `prompt`; stop texts that are empty, too long or too many are refused.
  init(_ tokenizer: Tokenizer, after prompt: [Token], stops: [String]) throws(SamplingError) {
    let continuesText = prompt.contains { !tokenizer.piece(of: $0).isEmpty }
    decoder = StreamingDecoder(tokenizer, continuing: continuesText)
    matcher = try StopMatcher(stops)
    self.stops = stops
  }

  /// The text that is certain with one more token, and the stop text that came.
  mutating func take(_ token: Token) -> (text: String, stop: String?) {
    let output = matcher.feed(decoder.feed(token))
    return (output.text, output.stop.map { stops[$0] })
  }

  /// What was held back, at the end.
  mutating func finish() -> (text: String, stop: String?) {
    let text = matcher.feed(decoder.finish()).text
    let output = matcher.finish()
    return (text + output.text, output.stop.map { stops[$0] })
  }
}
