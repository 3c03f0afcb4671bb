package import ApusCore
package import ApusGGUF

/// The shape and constants of one model, from its file's metadata; every value is in range and fits the others.
package struct ModelConfiguration: Sendable {
  /// The architecture's name as the file has it, for example `llama`.
  package let architecture: String
  package let layers: Int
  /// Positions that the model was trained for.
  package let contextLength: Int
  /// Values of one token's activations between layers.
  package let hiddenSize: Int
  /// Values of one token's activations inside a feed-forward layer.
  package let feedForwardSize: Int
  package let vocabularySize: Int
  /// Query heads.
  package let heads: Int
  /// Key and value heads; divides `heads`.
  package let kvHeads: Int
  /// Values per query and key head.
  package let keyDimension: Int
  /// Values per value head.
  package let valueDimension: Int
  /// Added to the mean square in RMSNorm.
  package let rmsEpsilon: Float
  /// Positions that a token can look back on, itself included; nil for all.
  package let slidingWindow: Int?
  package let rope: RopeConfiguration

  /// Reads the metadata of `file`; of the tensors only the token embedding's shape, where no key has the vocabulary.
  package init(_ file: GGUFFile) throws(ModelError) {
    do throws(GGUFError) {
      let entry = try Architectures.entry(for: file)
      try self.init(ConfigurationReader(file.metadata, prefix: entry.name), entry, file)
    } catch {
      throw .file(error)
    }
  }

  private init(
    _ reader: ConfigurationReader, _ entry: Architectures.Entry, _ file: GGUFFile
  ) throws(GGUFError) {
    architecture = entry.name
    layers = try reader.integer("block_count", 1...1024)
    contextLength = try reader.integer("context_length", 1...Int(Int32.max))
    hiddenSize = try reader.integer("embedding_length", 1...1 << 20)
    feedForwardSize = try reader.integerOfLayers("feed_forward_length", 1...1 << 24, layers: layers)
    let attention = try AttentionShape(reader, hiddenSize: hiddenSize, layers: layers)
    heads = attention.heads
    kvHeads = attention.kvHeads
    keyDimension = attention.keyDimension
    valueDimension = attention.valueDimension
    slidingWindow = attention.window
    rmsEpsilon = try reader.number("attention.layer_norm_rms_epsilon", "a number above 0 and below 1") {
      $0 > 0 && $0 < 1
    }
    try reader.refuseUnsupported()
    rope = try RopeConfiguration(
      reader, pairing: entry.pairing, headDimension: keyDimension, contextLength: contextLength)
    vocabularySize = try reader.vocabularySize(of: file)
  }

  /// The KV cache for `slots` sequences of `positions` positions each.
  package func kvCacheLayout(format: KVFormat, positions: Int, slots: Int = 1) -> KVCacheLayout? {
    guard positions >= 0, slots >= 0 else { return nil }
    let (blocks, overflow) = KVCacheLayout.blocks(forPositions: positions).multipliedReportingOverflow(by: slots)
    guard !overflow else { return nil }
    return KVCacheLayout(
      layers: layers, kvHeads: kvHeads, keyDimension: keyDimension, valueDimension: valueDimension,
      format: format, blocks: blocks)
  }
}

/// The heads of attention, checked against each other.
private struct AttentionShape {
  let heads: Int
  let kvHeads: Int
  let keyDimension: Int
  let valueDimension: Int
  let window: Int?

  // Defaults are those that the GGUF specification gives: without head_count_kv all heads have keys and values of their
  // own, and without lengths they share the hidden size evenly.
  init(_ reader: ConfigurationReader, hiddenSize: Int, layers: Int) throws(GGUFError) {
    heads = try reader.integerOfLayers("attention.head_count", 1...1 << 16, layers: layers)
    kvHeads = try reader.integerOfLayers("attention.head_count_kv", 1...1 << 16, layers: layers, default: heads)
    guard heads.isMultiple(of: kvHeads) else {
      throw reader.error("attention.head_count_kv", expected: "a divisor of the \(heads) heads", found: "\(kvHeads)")
    }
    let even = hiddenSize.isMultiple(of: heads) ? hiddenSize / heads : nil
    keyDimension = try reader.integer("attention.key_length", 1...1 << 16, default: even)
    valueDimension = try reader.integer("attention.value_length", 1...1 << 16, default: even)
    let window = try reader.integer("attention.sliding_window", 0...Int(UInt32.max), default: 0)
    self.window = window == 0 ? nil : window
  }
}

extension ConfigurationReader {
  /// Refuses models whose layers are not those that we compute.
  fileprivate func refuseUnsupported() throws(GGUFError) {
    let experts = try integer("expert_count", 0...Int(UInt32.max), default: 0)
    guard experts == 0 else {
      throw error(
        "expert_count", .unsupported, expected: "a dense model: mixture-of-experts layers are not supported",
        found: "\(experts) experts")
    }
    guard try bool("attention.causal") ?? true else {
      throw error(
        "attention.causal", .unsupported, expected: "a model that generates text (true)", found: "false")
    }
    for (name, neutral) in Self.factors where contains(name) {
      let value = try number(name, "a number") { _ in true }
      guard value == 0 || value == neutral else {
        throw error(name, .unsupported, expected: "a model without it: it is not computed", found: "\(value)")
      }
    }
  }

  /// What other models multiply by or cut at, with the value that changes nothing; 0 is "not used" everywhere.
  private static let factors: [(name: String, neutral: Float)] = [
    ("logit_scale", 1), ("embedding_scale", 1), ("residual_scale", 1), ("attention.scale", 0),
    ("attention.clamp_kqv", 0), ("attention.max_alibi_bias", 0), ("attn_logit_softcapping", 0),
    ("final_logit_softcapping", 0),
  ]

  /// The tokens that the tokenizer has, else what the model says, else the rows of the token embedding.
  fileprivate func vocabularySize(of file: GGUFFile) throws(GGUFError) -> Int {
    let range = 1...Int(Int32.max)
    let rows = file.tensor(named: "token_embd.weight")?.rows
    guard let tokens = try metadata.strings("tokenizer.ggml.tokens")?.count else {
      return try integer("vocab_size", range, default: rows)
    }
    let stated = try integer("vocab_size", range, default: tokens)
    guard tokens == stated else {
      throw error("vocab_size", expected: "\(tokens), the tokens of the vocabulary", found: "\(stated)")
    }
    return tokens
  }
}
