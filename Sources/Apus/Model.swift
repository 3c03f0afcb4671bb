internal import ApusChat
package import ApusModels
package import ApusTokenizers

/// A loaded model: completes, chats and streams; or, where it is made for that, embeds and ranks texts.
///
/// One may serve any number of tasks at once. All computing happens on threads of the library's own, which all models
/// of a process share (see ``Runtime``), never on Swift's cooperative pool. Requests are worked on together, as many as
/// `LoadOptions.parallel` says; those that wait are bounded by `LoadOptions.queueLimit`. The model is unloaded when the last
/// reference to it and to its streams is gone: letting go of it waits for the step in progress.
public final class Model: Sendable {
  /// What the model is, and how it is set up.
  public let information: ModelInformation

  package let engine: Engine
  package let tokenizer: Tokenizer
  package let chatFormat: ChatFormat?
  let pairFormat: PairFormat?
  /// What tells the model from others in files that keep its keys and values.
  package let identity: ModelIdentity
  private let constraints: ConstraintCompiler
  /// The control tokens by which the model marks reasoning and calls.
  package let turnMarks: Set<Token>

  /// A model put together from its parts.
  package init(
    information: ModelInformation, engine: Engine, tokenizer: Tokenizer, chatFormat: ChatFormat?,
    pairFormat: PairFormat? = nil, identity: ModelIdentity
  ) {
    self.information = information
    self.engine = engine
    self.tokenizer = tokenizer
    self.chatFormat = chatFormat
    self.pairFormat = pairFormat
    self.identity = identity
    constraints = ConstraintCompiler(tokenizer)
    let marks = chatFormat?.turns.marks.compactMap { tokenizer.vocabulary.token(of: $0) } ?? []
    turnMarks = Set(marks).subtracting(tokenizer.vocabulary.endOfGeneration)
  }

  /// The beginning of a text that fits `constraint`; throws where it cannot be read or kept.
  ///
  /// For an answer, `startsInReasoning` says whether the prompt ends within the model's reasoning. Then, and where the
  /// model may begin to reason by itself, the text begins behind that. nil is for a text that is no answer.
  package func compile(
    _ constraint: OutputConstraint, startsInReasoning: Bool? = nil
  ) throws(ApusError) -> TokenConstraint {
    let lead = startsInReasoning.flatMap { ReasoningLead(chatFormat?.turns.thinking, tokenizer, hasBegun: $0) }
    return try constraints.compile(constraint, behind: lead)
  }

  /// Loads the model file at `path`: GGUF, all parts of a split model included.
  ///
  /// The weights stay in the file's own pages; time goes with the size of the vocabulary. Memory is checked first.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - options: How to set it up.
  ///   - progress: Called from another thread as weights are taken into use.
  /// - Returns: The model, ready to complete.
  /// - Throws: `ApusError`, which says what to do.
  public static func load(
    _ path: String, options: LoadOptions = LoadOptions(),
    progress: (@Sendable (LoadingProgress) -> Void)? = nil
  ) async throws(ApusError) -> Model {
    try await ModelLoading(path: path, options: options, progress: progress).run()
  }
}
