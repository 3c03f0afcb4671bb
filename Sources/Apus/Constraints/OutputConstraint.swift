/// What a completion's text must be: the model chooses among the texts that fit.
///
/// A completion that ends by itself fits, whatever the sampling options; one that `maxTokens` or a cancel cuts is the
/// beginning of a text that fits. `stop` and `stopTokens` of `GenerationOptions`
/// are not looked for, since they would cut it anywhere. Where `topLogProbabilities` are asked for, each token is chosen by
/// its own probability, so that the text may be another one than without.
public enum OutputConstraint: Sendable, Hashable {
  /// JSON that a JSON schema describes, given as JSON.
  case jsonSchema(String)
  /// A text that a regular expression matches as a whole.
  case regularExpression(String)
  /// A text of a grammar in GBNF.
  case grammar(String)
  /// A text of a grammar in Lark's form.
  case lark(String)
  /// One of these texts.
  case choices([String])
}
