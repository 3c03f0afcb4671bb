/// What holds for all responses of a session.
public struct SessionOptions: Sendable, Equatable {
  /// How responses are generated where a call does not say.
  public var generation: GenerationOptions
  /// What happens where the context has no room for a response.
  public var overflow: ContextOverflow

  /// The defaults, or others.
  public init(generation: GenerationOptions = GenerationOptions(), overflow: ContextOverflow = .error) {
    self.generation = generation
    self.overflow = overflow
  }
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
