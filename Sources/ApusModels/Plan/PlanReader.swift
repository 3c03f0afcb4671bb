internal import ApusCore
internal import ApusGGUF

/// The tensors that a model has, by name.
protocol TensorCatalog {
  func contains(_ name: String) -> Bool
  /// Rows of the tensor, all but its contiguous dimension; nil where there is none of that name.
  func rows(of name: String) -> Int?
}

extension GGUFFile: TensorCatalog {
  func contains(_ name: String) -> Bool { tensor(named: name) != nil }
  func rows(of name: String) -> Int? { tensor(named: name)?.rows }
}

/// What an architecture makes its plan from: the keys of a file, which tensors there are, and numbers that all have.
struct PlanReader {
  let keys: ConfigurationReader
  let tensors: any TensorCatalog
  /// Layers that are run: without those that only predict further tokens.
  let layers: Int
  /// Layers in the file.
  let fileLayers: Int
  let contextLength: Int
  let hiddenSize: Int
  let vocabularySize: Int

  init(
    _ keys: ConfigurationReader, _ tensors: any TensorCatalog, mayPredictFurther: Bool
  ) throws(GGUFError) {
    self.keys = keys
    self.tensors = tensors
    fileLayers = try keys.integer("block_count", 1...1024)
    let further = mayPredictFurther ? try keys.integer("nextn_predict_layers", 0...fileLayers - 1, default: 0) : 0
    layers = fileLayers - further
    contextLength = try keys.integer("context_length", 1...Int(Int32.max))
    hiddenSize = try keys.integer("embedding_length", 1...1 << 20)
    vocabularySize = try Self.vocabularySize(keys, tensors)
  }

  /// The tokens that the tokenizer has, else what the model says, else the rows of the token embedding.
  private static func vocabularySize(
    _ keys: ConfigurationReader, _ tensors: any TensorCatalog
  ) throws(GGUFError) -> Int {
    let range = 1...Int(Int32.max)
    guard let tokens = try keys.metadata.strings("tokenizer.ggml.tokens")?.count else {
      return try keys.integer("vocab_size", range, default: tensors.rows(of: "token_embd.weight"))
    }
    let stated = try keys.integer("vocab_size", range, default: tokens)
    guard tokens == stated else {
      throw keys.error("vocab_size", expected: "\(tokens), the tokens of the vocabulary", found: "\(stated)")
    }
    return tokens
  }
}

// MARK: Tensors

extension PlanReader {
  /// The projection `<name>.weight` of shape `[rows, columns]`, with its bias and factor where the file has them.
  func projection(_ name: String, rows: Int, columns: Int) -> ProjectionPlan {
    ProjectionPlan(
      weight: TensorPlan(name + ".weight", rows: rows, columns: columns), bias: optionalBias(name, count: rows),
      factor: optionalFactors(name, count: 1))
  }

  /// `<name>.bias`, where the file has it.
  func optionalBias(_ name: String, count: Int) -> TensorPlan? {
    tensors.contains(name + ".bias") ? TensorPlan(name + ".bias", .bias, columns: count) : nil
  }

  /// `<name>.scale`, where the file has it.
  func optionalFactors(_ name: String, count: Int) -> TensorPlan? {
    tensors.contains(name + ".scale") ? TensorPlan(name + ".scale", .gain, columns: count) : nil
  }

  /// A norm of `columns` values, with its bias where the file has it.
  func norm(_ name: String, _ parameters: NormParameters, columns: Int) -> NormPlan {
    NormPlan(
      parameters: parameters, gain: TensorPlan(name + ".weight", .gain, columns: columns),
      bias: optionalBias(name, count: columns))
  }

  /// The token embedding.
  var tokenEmbedding: TensorPlan {
    TensorPlan("token_embd.weight", .vocabulary, .table, rows: vocabularySize, columns: hiddenSize)
  }

  /// A table with a row for each position.
  var positionEmbedding: TensorPlan {
    TensorPlan("position_embd.weight", .matrix, .table, rows: contextLength, columns: hiddenSize)
  }

  /// The projection to logits; the token embedding where the file has none.
  var logitProjection: ProjectionPlan {
    let hasOwn = tensors.contains("output.weight")
    return ProjectionPlan(
      weight: TensorPlan(
        hasOwn ? "output.weight" : "token_embd.weight", .vocabulary, rows: vocabularySize, columns: hiddenSize),
      bias: optionalBias("output", count: vocabularySize), factor: optionalFactors("output", count: 1))
  }
}

// MARK: Keys

extension PlanReader {
  /// Added to the mean square or the variance in a norm.
  func epsilon(_ kind: NormParameters.Kind) throws(GGUFError) -> Float {
    let name = kind == .rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon"
    return try keys.number(name, "a number above 0 and below 1") { $0 > 0 && $0 < 1 }
  }

  /// A number above 0, or `standard`; 0 in a file says "not used" and is nil.
  func factor(_ name: String, default standard: Float? = nil) throws(GGUFError) -> Float? {
    guard keys.contains(name) else { return standard }
    let value = try keys.number(name, "a finite number, 0 or above") { $0 >= 0 }
    return value == 0 ? nil : value
  }
}
