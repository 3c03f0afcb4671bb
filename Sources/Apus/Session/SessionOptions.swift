/// What holds for all responses of a session.
public struct SessionOptions: Sendable, Equatable {
  /// How responses are generated where a call does not say.
  public var generation: GenerationOptions
  /// What happens where the context has no room for a response.
  public var overflow: ContextOverflow

  /// How often tools may be called for one response, all calls of a turn counting once; a turn that calls some then is
  /// `ApusError.tooManyToolRounds`.
  public var maximumToolRounds: Int
  /// What happens where a call of a tool fails.
  public var toolFailures: ToolFailures

  /// The defaults, or others.
  public init(
    generation: GenerationOptions = GenerationOptions(), overflow: ContextOverflow = .error,
    maximumToolRounds: Int = 8, toolFailures: ToolFailures = .tell
  ) {
    self.generation = generation
    self.overflow = overflow
    self.maximumToolRounds = maximumToolRounds
    self.toolFailures = toolFailures
  }
}

/// What happens where a tool throws, or is called with arguments that do not fit.
public enum ToolFailures: String, Sendable, CaseIterable {
  /// The model is told of it, and may try again or do without.
  case tell
  /// `ApusError.toolFailed`, and the transcript stays as it was; other calls of the same turn are cancelled.
  case end
}

/// What becomes of a response for which the context has no room.
///
/// A prompt that, with all before it, leaves no room at all is an error either way: nothing is ever left out silently.
public enum ContextOverflow: String, Sendable, CaseIterable {
  /// `ApusError.contextLengthExceeded`, and the transcript stays as it was.
  ///
  /// It comes at once where the prompt and `GenerationOptions.maxTokens` do not fit together, and where there is no such
  /// maximum, when the response meets the end of the context.
  case error
  /// The response ends at the end of the context, with `FinishReason.length`, and stays in the transcript.
  case stop
}
