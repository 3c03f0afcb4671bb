package import ApusCore
package import ApusGGUF

/// A complete Llama model of a few kilobytes: random weights from a seed, and a SentencePiece vocabulary.
///
/// It loads, tokenizes, and generates nonsense, or makes vectors or scores of it. Norms are F32 ones with noise, all
/// other weights in `format`.
package struct TinyModel: Sendable {
  /// What the model makes of a text instead of generating; the values are those of `pooling_type`.
  package enum Pooling: UInt32, Sendable {
    case mean = 1
    case first, last
    /// Scores, or a probability for each of several labels.
    case ranking
  }

  package var layers = 2
  /// A multiple of the format's quant block and of `heads`.
  package var hiddenSize = 64
  package var feedForwardSize = 128
  package var heads = 4
  package var kvHeads = 2
  package var contextLength = 256
  package var format = TensorFormat.f32
  /// True to leave out `output.weight`, so that the embedding serves for it.
  package var isTied = false
  /// Experts of each feed-forward layer, of which a token goes to one; 0 for dense layers.
  package var experts = 0
  /// Nil for a model that generates text.
  package var pooling: Pooling?
  /// How many scores a ranking model has, what its file calls them, and its prompt.
  package var scores = 2
  package var labels: [String]? = ["no", "yes"]
  package var rankingTemplate: String?
  /// What the file recommends for sampling, by the last part of the key.
  package var sampling: [String: Float] = [:]
  package var seed: UInt64 = 1
  package var chatTemplate: String? =
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"

  package init() {}

  /// Bytes of the whole file.
  package func bytes() throws -> [UInt8] {
    try writer().bytes { index, emit in try emit(data(of: index).span) }
  }

  package func write(to path: String) throws {
    try writer().write(to: path) { index, emit in try emit(data(of: index).span) }
  }

  /// The model, opened: its file is mapped, so that it may be gone.
  package func open() throws -> GGUFFile {
    let folder = try TemporaryFolder()
    try write(to: folder.path("tiny.gguf"))
    return try withExtendedLifetime(folder) { try GGUFFile.open(path: folder.path("tiny.gguf")) }
  }

  /// Metadata and tensor entries, for a test to change before it writes them.
  package func writer() throws -> GGUFWriter {
    var writer = GGUFWriter()
    setArchitecture(&writer)
    setTokenizer(&writer)
    for tensor in tensors {
      try writer.addTensor(tensor.name, dimensions: tensor.dimensions, format: tensor.format)
    }
    return writer
  }

  /// The data of tensor `index` of `writer()`; each tensor has its own chance, so that it depends on nothing else.
  package func data(of index: Int) -> [UInt8] {
    let tensor = tensors[index]
    var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(index))
    let count = tensor.dimensions.reduce(1, *)
    if tensor.dimensions.count == 1 {
      return RandomTensor.floats(count, in: 0.9...1.1, using: &generator).flatMap(\.littleEndianBytes)
    }
    return RandomTensor.bytes(tensor.format, elements: count, using: &generator)
  }
}

extension TinyModel {
  private typealias Entry = (name: String, dimensions: [Int], format: TensorFormat)

  private var tensors: [Entry] {
    let kvSize = hiddenSize / heads * kvHeads
    var result: [Entry] = [("token_embd.weight", [hiddenSize, Self.tokens.count], format)]
    for layer in 0..<layers {
      let prefix = "blk.\(layer)."
      result += [
        (prefix + "attn_norm.weight", [hiddenSize], .f32),
        (prefix + "attn_q.weight", [hiddenSize, hiddenSize], format),
        (prefix + "attn_k.weight", [hiddenSize, kvSize], format),
        (prefix + "attn_v.weight", [hiddenSize, kvSize], format),
        (prefix + "attn_output.weight", [hiddenSize, hiddenSize], format),
        (prefix + "ffn_norm.weight", [hiddenSize], .f32),
      ]
      if experts > 0 { result.append((prefix + "ffn_gate_inp.weight", [hiddenSize, experts], .f32)) }
      let (suffix, count) = experts > 0 ? ("_exps.weight", [experts]) : (".weight", [])
      result += [
        (prefix + "ffn_gate" + suffix, [hiddenSize, feedForwardSize] + count, format),
        (prefix + "ffn_up" + suffix, [hiddenSize, feedForwardSize] + count, format),
        (prefix + "ffn_down" + suffix, [feedForwardSize, hiddenSize] + count, format),
      ]
    }
    result.append(("output_norm.weight", [hiddenSize], .f32))
    if pooling == .ranking { result.append(("cls.output.weight", [hiddenSize, scores], format)) }
    if !isTied { result.append(("output.weight", [hiddenSize, Self.tokens.count], format)) }
    return result
  }

  private func setArchitecture(_ writer: inout GGUFWriter) {
    writer.set("general.architecture", "llama")
    writer.set("general.name", "tiny")
    writer.set("llama.vocab_size", UInt32(Self.tokens.count))
    writer.set("llama.context_length", UInt32(contextLength))
    writer.set("llama.embedding_length", UInt32(hiddenSize))
    writer.set("llama.block_count", UInt32(layers))
    writer.set("llama.feed_forward_length", UInt32(feedForwardSize))
    writer.set("llama.rope.dimension_count", UInt32(hiddenSize / heads))
    writer.set("llama.attention.head_count", UInt32(heads))
    writer.set("llama.attention.head_count_kv", UInt32(kvHeads))
    writer.set("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
    for (name, value) in sampling.sorted(by: { $0.key < $1.key }) { writer.set("general.sampling.\(name)", value) }
    if experts > 0 {
      writer.set("llama.expert_count", UInt32(experts))
      writer.set("llama.expert_used_count", UInt32(1))
    }
    if let pooling { writer.set("llama.pooling_type", pooling.rawValue) }
    if pooling == .ranking, let labels { writer.set("llama.classifier.output_labels", strings: labels) }
  }

  private func setTokenizer(_ writer: inout GGUFWriter) {
    writer.set("tokenizer.ggml.model", "llama")
    writer.set("tokenizer.ggml.tokens", strings: Self.tokens.map(\.text))
    writer.set("tokenizer.ggml.scores", array: Self.tokens.map(\.score))
    writer.set("tokenizer.ggml.token_type", array: Self.tokens.map(\.type))
    writer.set("tokenizer.ggml.unknown_token_id", UInt32(0))
    writer.set("tokenizer.ggml.bos_token_id", UInt32(1))
    writer.set("tokenizer.ggml.eos_token_id", UInt32(2))
    writer.set("tokenizer.ggml.add_bos_token", true)
    writer.set("tokenizer.ggml.add_eos_token", false)
    if let chatTemplate { writer.set("tokenizer.chat_template", chatTemplate) }
    if let rankingTemplate { writer.set("tokenizer.chat_template.rerank", rankingTemplate) }
  }

  /// Unknown, BOS, EOS, the 256 bytes, then merges in falling score, then single characters.
  private static let tokens: [(text: String, score: Float, type: Int32)] = {
    let (normal, unknown, control, byte): (Int32, Int32, Int32, Int32) = (1, 2, 3, 6)
    let special = [("<unk>", Float(0), unknown), ("<s>", 0, control), ("</s>", 0, control)]
    let bytes = (0..<256).map { value in
      let hex = String(value, radix: 16, uppercase: true)
      return ("<0x" + (value < 16 ? "0" : "") + hex + ">", Float(0), byte)
    }
    let merges = ["he", "▁t", "in", "an", "re", "on", "er", "▁a", "▁the", "ing", "and"]
    let characters = ["▁"] + (0x61...0x7A).map { String(UnicodeScalar(UInt8($0))) } + [".", ",", "!", "?", "'"]
    return special + bytes + (merges + characters).enumerated().map { ($1, -Float($0), normal) }
  }()
}
