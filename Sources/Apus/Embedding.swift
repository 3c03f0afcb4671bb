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

  /// The defaults, or others.
  public init(pooling: Pooling? = nil, isNormalized: Bool = true, truncates: Bool = false) {
    self.pooling = pooling
    self.isNormalized = isNormalized
    self.truncates = truncates
  }
}

extension Model {
  /// Vectors of `texts`, in their order.
  ///
  /// Texts share steps of computing; a vector depends on its own text alone, bit for bit. Requests that generate text
  /// wait meanwhile. Source of the method: mean of a text's token vectors (arXiv:1908.10084), or as the model has it.
  ///
  /// - Parameters:
  ///   - texts: The texts. Names of control tokens in them have no special meaning.
  ///   - options: How they become vectors.
  /// - Returns: A vector for each text.
  /// - Throws: `ApusError.unsuitableModel` for a model that ranks texts, or generates text and no pooling is named;
  ///   `ApusError.invalidText` for one without a token, or longer than `ModelInformation.contextLength`;
  ///   `ApusError.stopped` where the task is cancelled between two steps; and where computing fails.
  public func embed(
    _ texts: [String], options: EmbeddingOptions = EmbeddingOptions()
  ) async throws(ApusError) -> [Embedding] {
    let pooling = try checkedPooling(options.pooling)
    var inputs: [EmbeddingInput] = []
    for (index, text) in texts.enumerated() {
      inputs.append(try input(for: text, index: index, truncates: options.truncates))
    }
    let vectors = try await compute(inputs.map(\.tokens), pooling)
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

  /// Results for whole sequences, a step's worth of them at a time.
  func compute(_ sequences: [[Token]], _ pooling: PoolingPlan.Kind?) async throws(ApusError) -> [[Float]] {
    try await engine.checkFile()
    var results: [[Float]] = []
    while results.count < sequences.count {
      if Task.isCancelled { throw .stopped }
      var (end, rows) = (results.count, 0)
      repeat {
        rows += sequences[end].count
        end += 1
      } while end < sequences.count && rows + sequences[end].count <= information.contextLength
      results += try await engine.embed(Array(sequences[results.count..<end]), pooling)
    }
    return results
  }
}

/// The tokens of one text.
struct EmbeddingInput {
  var tokens: [Token]
  var isTruncated = false
}

extension Model {
  /// The tokens of a text with those that the model wants around it.
  private func input(for text: String, index: Int, truncates: Bool) throws(ApusError) -> EmbeddingInput {
    let bytes = Array(text.withoutByteOrderMark.utf8)
    let tokens = tokenizer.encode(bytes, addSpecial: true, parseSpecial: false)
    if tokens.isEmpty { throw .emptyText(index) }
    let limit = information.contextLength
    if tokens.count <= limit { return EmbeddingInput(tokens: tokens) }
    let frame = TokenFrame(tokens, around: tokenizer.encode(bytes, addSpecial: false, parseSpecial: false))
    guard truncates, limit > frame.count else {
      throw .longText(index, tokens: tokens.count, limit: limit)
    }
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
