/// Whether tokens are guessed and several checked in one step: where a text repeats what came before, or by the draft
/// model that `LoadOptions.draft` names.
///
/// What is guessed never changes the result, with any sampling options: tokens, text and log-probabilities are those of
/// one token per step, to the bit.
public enum Speculation: String, Sendable, Equatable, CaseIterable {
  /// Where it makes the completion faster, going by how often guesses came true and how long steps took.
  case automatic
  /// Wherever something can be guessed and the engine has room, for measurements.
  case always
  /// Never: one token per step.
  case off
}
