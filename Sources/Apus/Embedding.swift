internal import ApusCore
internal import ApusModels
internal import ApusText
internal import ApusTokenizers

/// A text as a vector: texts of similar meaning have vectors of similar direction.
public struct Embedding: Sendable, Equatable {
  /// As many values as the model has dimensions.
  public let vector: [Float]
  /// Tokens of the text that were used, with those that the model wants around it.
  public let tokenCount: Int
  /// Whether the text was too long and its end was left out.
  public let isTruncated: Bool
}

extension Embedding {
  /// The first values of the vector alone, for models that put most of the meaning there (arXiv:2205.13147).
  package func shortened(to dimensions: Int, isNormalized: Bool) -> Embedding {
    let start = Array(vector.prefix(dimensions))
    return Embedding(
      vector: isNormalized ? normalized(start) : start, tokenCount: tokenCount, isTruncated: isTruncated)
  }
}

/// How texts become vectors; the defaults are what the model was made for.
public struct EmbeddingOptions: Sendable, Equatable {
  /// How the vectors of a text's tokens become one.
  public enum Pooling: String, Sendable, CaseIterable {
    /// Their mean.
    case mean
    /// The first token's.
    case first
    /// The last token's.
    case last
  }

  /// Nil for the model's own way; a model that generates text has none, so that one must be named.
  public var pooling: Pooling?
  /// Whether vectors are brought to the length 1, so that a product of two is the cosine of their angle.
  public var isNormalized: Bool
  /// Whether the end of a text that is too long is left out; else it is an error.
  public var truncates: Bool
  /// What requests must have in common to use each other's keys and values, as in `GenerationOptions`.
  ///
  /// Models that are made for embeddings keep none.
  public var cacheSalt: String?

  /// The defaults, or others.
  public init(
    pooling: Pooling? = nil, isNormalized: Bool = true, truncates: Bool = false, cacheSalt: String? = nil
  ) {
    self.pooling = pooling
    self.isNormalized = isNormalized
    self.truncates = truncates
    self.cacheSalt = cacheSalt
  }
}

extension Model {
  /// Vectors of `texts`, in their order.
  ///
  /// Texts share steps of computing with each other and with other requests; a vector depends on its own text alone, bit
  /// for bit. Source of the method: mean of a text's token vectors (arXiv:1908.10084), or as the model has it.
  ///
  /// - Parameters:
  ///   - texts: The texts. Names of control tokens in them have no special meaning.
  ///   - options: How they become vectors.
  /// - Returns: A vector for each text.
  /// - Throws: `ApusError.unsuitableModel` for a model that ranks texts, or generates text and no pooling is named;
  ///   `ApusError.invalidText` for one without a token, or longer than `ModelInformation.contextLength`;
  ///   `ApusError.queueFull` where others wait already, as many as may; `ApusError.stopped` where the task is cancelled;
  ///   and where computing fails.
  public func embed(
    _ texts: [String], options: EmbeddingOptions = EmbeddingOptions()
  ) async throws(ApusError) -> [Embedding] {
    try await embed(try embeddingInputs(texts.map { .text($0) }, options), options)
  }

  /// What `embed` makes vectors of: the tokens of texts, which take time with their length.
  ///
  /// Throws as `embed` does, and `ApusError.stopped` soon after `shouldStop` says so.
  package func embeddingInputs(
    _ texts: [EmbeddingText], _ options: EmbeddingOptions, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> [EmbeddingInput] {
    _ = try checkedPooling(options.pooling)
    var inputs: [EmbeddingInput] = []
    for (index, text) in texts.enumerated() {
      inputs.append(try input(for: text, index: index, truncates: options.truncates, shouldStop))
      if shouldStop() { throw .stopped }
    }
    return inputs
  }

  /// The vectors of texts whose tokens are known.
  package func embed(
    _ inputs: [EmbeddingInput], _ options: EmbeddingOptions
  ) async throws(ApusError) -> [Embedding] {
    let vectors = try await vectors(
      of: inputs.map(\.tokens), try checkedPooling(options.pooling), cacheSalt: options.cacheSalt)
    return zip(inputs, vectors).map { input, vector in
      Embedding(
        vector: options.isNormalized ? normalized(vector) : vector, tokenCount: input.tokens.count,
        isTruncated: input.isTruncated)
    }
  }

  /// The vector of one text; otherwise as for several.
  public func embed(
    _ text: String, options: EmbeddingOptions = EmbeddingOptions()
  ) async throws(ApusError) -> Embedding {
    try await embed([text], options: options)[0]
  }

  private func checkedPooling(_ pooling: EmbeddingOptions.Pooling?) throws(ApusError) -> PoolingPlan.Kind? {
    if engine.pooling?.ranking != nil {
      throw .unsuitableModel(reason: "this model ranks texts and makes no embeddings: use one that does")
    }
    if engine.pooling == nil, pooling == nil {
      throw .unsuitableModel(
        reason:
          "this model generates text, so that it has no way of its own to make embeddings: use an embedding model, "
          + "or name a pooling")
    }
    return pooling.map { PoolingPlan.Kind($0) }
  }
}

/// One text of which a vector is wanted.
package enum EmbeddingText: Sendable {
  case text(String)
  /// Tokens that are taken as they are: those that the model wants around a text are the caller's.
  case tokens([Token])
}

/// The tokens of one text.
package struct EmbeddingInput: Sendable {
  package internal(set) var tokens: [Token]
  var isTruncated = false
}

extension Model {
  /// The tokens of a text with those that the model wants around it.
  private func input(
    for text: EmbeddingText, index: Int, truncates: Bool, _ shouldStop: @escaping @Sendable () -> Bool
  ) throws(ApusError) -> EmbeddingInput {
    func encode(_ text: String, addSpecial: Bool) -> [Token] {
      tokenizer.encode(text.withoutByteOrderMark, addSpecial: addSpecial, parseSpecial: false, shouldStop: shouldStop)
    }
    let tokens =
      switch text {
      case .text(let text): encode(text, addSpecial: true)
      case .tokens(let tokens): tokens
      }
    if shouldStop() { throw .stopped }
    if tokens.isEmpty { throw .emptyText(index) }
    let limit = information.contextLength
    if tokens.count <= limit { return EmbeddingInput(tokens: tokens) }
    guard truncates else { throw .longText(index, tokens: tokens.count, limit: limit) }
    let frame =
      switch text {
      case .text(let text): TokenFrame(tokens, around: encode(text, addSpecial: false))
      case .tokens: TokenFrame(tokens, around: tokens)
      }
    guard limit > frame.count else { throw .longText(index, tokens: tokens.count, limit: limit) }
    return EmbeddingInput(tokens: frame.around(frame.text.prefix(limit - frame.count)), isTruncated: true)
  }
}

/// What a tokenizer puts around a text, and the text.
struct TokenFrame {
  let before: ArraySlice<Token>
  let text: [Token]
  let after: ArraySlice<Token>

  init(_ whole: [Token], around text: [Token]) {
    self.text = text
    let added = max(0, whole.count - text.count)
    let start = (0...added).first { whole[$0...].starts(with: text) } ?? 0
    before = whole[..<start]
    after = whole[(start + text.count)...]
  }

  var count: Int { before.count + after.count }

  func around(_ text: ArraySlice<Token>) -> [Token] { Array(before + text + after) }
}

extension PoolingPlan.Kind {
  init(_ pooling: EmbeddingOptions.Pooling) {
    switch pooling {
    case .mean: self = .mean
    case .first: self = .first
    case .last: self = .last
    }
  }
}

extension ApusError {
  fileprivate static func emptyText(_ index: Int) -> ApusError {
    .invalidText(index: index, reason: "has no token: leave out empty texts")
  }

  fileprivate static func longText(_ index: Int, tokens: Int, limit: Int) -> ApusError {
    .invalidText(
      index: index,
      reason: "has \(tokens) tokens, but the model takes at most \(limit): shorten it or have its end left out")
  }
}
