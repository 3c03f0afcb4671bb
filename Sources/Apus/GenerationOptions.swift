/// What a completion should be like, and when it ends.
public struct GenerationOptions: Sendable, Equatable {
  /// Tokens that are produced at most; nil goes on to the end of the context.
  ///
  /// A completion that reaches the end of the context first ends there, with `FinishReason.length`.
  public var maxTokens: Int?
  /// How each token is chosen; nil takes what the model's file recommends (`ModelInformation.sampling`).
  public var sampling: SamplingOptions?
  /// What chance starts from; nil takes a random one, which the summary reports.
  ///
  /// `Seed` reads what people write.
  public var seed: UInt64?
  /// Texts that end the completion; they are not part of it.
  public var stop: [String]
  /// Tokens that end the completion; they are not part of it.
  public var stopTokens: [Token]
  /// Whether the tokens by which a model ends its text are forbidden.
  public var ignoreEOS: Bool
  /// How many of the most likely tokens to report beside each chosen one, at most 20; nil reports nothing.
  ///
  /// They are of the model's own distribution, before any sampling option.
  public var topLogProbabilities: Int?
  /// Whether keys and values of an earlier request with the same beginning are used again; the result is the same.
  public var reusesPrefix: Bool
  /// Only requests with the same one find each other's keys and values; nil is one of all those without.
  ///
  /// How fast a prompt is processed, and the summary's count of cached tokens, tell whether others have sent the same
  /// beginning: give each group of clients that should not know this of others a text of its own. An empty one is none.
  public var cacheSalt: String?
  /// Requests with a higher one come first where not all can be worked on.
  public var priority: Int
  /// How long after it was submitted a request ends at the latest, with `FinishReason.deadline`, whether it waits or is
  /// worked on; more than nothing, or nil for no end.
  ///
  /// It ends before the step that would follow; what was produced until then is valid.
  public var deadline: Duration?
  /// Whether tokens are guessed and several checked in one step; the result is the same.
  public var speculation: Speculation
  /// Tokens that the completion is likely to have, such as those of a text that it changes a little.
  ///
  /// The result is the same. `Model.tokenize(_:addSpecial:)` makes them of a text, without special tokens. As many as
  /// the context has room for are used, from the first one on. With `Speculation.off` they are not looked at.
  public var prediction: [Token]
  /// Adapters that the completion is computed with, each at most once; none computes with the model as it is.
  ///
  /// What was computed with other adapters, or other factors, is not used again.
  public var adapters: [AdapterChoice]
  /// Tokens that a model may think before it answers messages; nil leaves it to the model.
  ///
  /// Where it marks what it thinks: then the end is put there, and the answer follows. Raw prompts have no such part.
  public var thinkingBudget: Int?
  /// What the completion's text must be; nil allows all.
  public var constraint: OutputConstraint?
  /// Whether an answer to messages may, must or must not call the tools that there are.
  ///
  /// What a session must call it calls in the first turn of a response; then the model is free.
  public var toolChoice: ToolChoice

  /// The defaults, or others.
  public init(
    maxTokens: Int? = nil, sampling: SamplingOptions? = nil, seed: UInt64? = nil, stop: [String] = [],
    stopTokens: [Token] = [], ignoreEOS: Bool = false, topLogProbabilities: Int? = nil, reusesPrefix: Bool = true,
    cacheSalt: String? = nil, priority: Int = 0, deadline: Duration? = nil, speculation: Speculation = .automatic,
    prediction: [Token] = [], adapters: [AdapterChoice] = [], thinkingBudget: Int? = nil,
    constraint: OutputConstraint? = nil, toolChoice: ToolChoice = .auto
  ) {
    self.maxTokens = maxTokens
    self.sampling = sampling
    self.seed = seed
    self.stop = stop
    self.stopTokens = stopTokens
    self.ignoreEOS = ignoreEOS
    self.topLogProbabilities = topLogProbabilities
    self.reusesPrefix = reusesPrefix
    self.cacheSalt = cacheSalt
    self.priority = priority
    self.deadline = deadline
    self.speculation = speculation
    self.prediction = prediction
    self.adapters = adapters
    self.thinkingBudget = thinkingBudget
    self.constraint = constraint
    self.toolChoice = toolChoice
  }

  /// The most likely token every time.
  public static var greedy: GenerationOptions { GenerationOptions(sampling: .greedy) }
}
