package import ApusModels
package import ApusSampling
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

  /// The file that it was loaded from.
  package let path: String
  package let engine: Engine
  package let tokenizer: Tokenizer
  let manner: ChatManner
  private let others = MannerTable()
  let pairFormat: PairFormat?
  /// What tells the model from others in files that keep its keys and values.
  package let identity: ModelIdentity

  /// How messages become prompts, where they can.
  package var chatFormat: ChatFormat? { manner.format }
  /// The control tokens by which the model marks reasoning and calls.
  package var turnMarks: Set<Token> { manner.turnMarks }
  var constraints: ConstraintCompiler { manner.constraints }

  /// A model put together from its parts.
  package convenience init(
    path: String, information: ModelInformation, engine: Engine, tokenizer: Tokenizer, chatFormat: ChatFormat?,
    pairFormat: PairFormat? = nil, identity: ModelIdentity
  ) {
    self.init(
      path: path, information: information, engine: engine, tokenizer: tokenizer,
      manner: ChatManner(chatFormat, tokenizer), pairFormat: pairFormat, identity: identity)
  }

  private init(
    path: String, information: ModelInformation, engine: Engine, tokenizer: Tokenizer, manner: ChatManner,
    pairFormat: PairFormat?, identity: ModelIdentity
  ) {
    self.path = path
    self.information = information
    self.engine = engine
    self.tokenizer = tokenizer
    self.manner = manner
    self.pairFormat = pairFormat
    self.identity = identity
  }

  /// The same model, which shares all that computes, with another way to chat and another usual sampling.
  ///
  /// Nil keeps its own.
  package func with(_ manner: ChatManner?, sampling: SamplingOptions?) -> Model {
    var information = information
    if let manner { information.chat = manner.format?.support ?? .noTemplate }
    if let sampling { information.sampling = sampling }
    return Model(
      path: path, information: information, engine: engine, tokenizer: tokenizer, manner: manner ?? self.manner,
      pairFormat: pairFormat, identity: identity)
  }

  /// How it chats with another template, which stays the same for one owner.
  ///
  /// It is made once, and is kept no longer than the model.
  package func manner(template: String, for owner: MannerOwner) -> ChatManner {
    others.manner(of: owner) { ChatManner(template: template, of: self) }
  }

  /// The beginning of a text that fits `constraint`; throws where it cannot be read or kept.
  ///
  /// `field` is the name of what it came by, for errors. Throws `ApusError.stopped` soon after `shouldStop` says so. What
  /// an answer in a chat must be says a `TurnConstraint`.
  package func compile(
    _ constraint: OutputConstraint, field: String = "constraint", shouldStop: () -> Bool = { false }
  ) throws(ApusError) -> TokenConstraint {
    do throws(ConstraintError) { return try constraints.compile(constraint, shouldStop: shouldStop) } catch {
      throw error.of(field)
    }
  }

  /// Whether `compile` gives it at once, as it was compiled before.
  package func hasCompiled(_ constraint: OutputConstraint) -> Bool { constraints.has(constraint) }

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
