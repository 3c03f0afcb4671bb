internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport

/// The header of a published model's file: its keys, and those of its tensors that decide what the network is.
///
/// Its tensors are a value or a few; a plan asks for their names and rows only.
struct PublishedFile {
  let architecture: String
  var layers: Int
  var hiddenSize = 256
  var heads = 4
  var kvHeads = 2
  /// Nil for a file that does not state it.
  var feedForwardSize: UInt32? = 512
  /// Sets the model's own keys: the second parameter puts the architecture before a name.
  var keys: (_ writer: inout GGUFWriter, _ name: (String) -> String) -> Void = { _, _ in }
  /// Dimensions by name.
  var tensors: [String: [Int]] = [:]

  /// What the file says.
  func configuration() throws -> ModelConfiguration { try file().configuration }

  /// The file, of which nothing but the header is used.
  func file() throws -> ModelFile {
    var writer = GGUFWriter()
    func name(_ name: String) -> String { architecture + "." + name }
    writer.set("general.architecture", architecture)
    writer.set(name("vocab_size"), UInt32(320))
    writer.set(name("context_length"), UInt32(8192))
    writer.set(name("embedding_length"), UInt32(hiddenSize))
    writer.set(name("block_count"), UInt32(layers))
    if let feedForwardSize { writer.set(name("feed_forward_length"), feedForwardSize) }
    writer.set(name("attention.head_count"), UInt32(heads))
    writer.set(name("attention.head_count_kv"), UInt32(kvHeads))
    writer.set(name("attention.layer_norm_rms_epsilon"), Float(1e-6))
    writer.set(name("attention.layer_norm_epsilon"), Float(1e-5))
    keys(&writer, name)
    for (name, dimensions) in tensors.sorted(by: { $0.key < $1.key }) {
      try writer.addTensor(name, dimensions: dimensions, format: .f32)
    }
    let folder = try TemporaryFolder()
    let entries = writer.tensors
    try writer.write(to: folder.path("header.gguf")) { index, emit in
      try emit([UInt8](repeating: 0, count: entries[index].byteCount).span)
    }
    return try ModelFile(path: folder.path("header.gguf"), mode: .read)
  }
}

extension ModelConfiguration {
  /// The self-attention of a layer; nil where it is of another kind.
  func attention(_ layer: Int) -> AttentionPlan? {
    guard case .attention(let plan) = plan.layers[layer].mixer else { return nil }
    return plan
  }

  /// For each layer its window, 0 for none.
  var windows: [Int] { plan.layers.map { $0.mixer.window ?? 0 } }
  /// For each layer whether it has RoPE.
  var hasRope: [Bool] { plan.layers.indices.map { attention($0)?.rope != nil } }
  /// Dimensions of a tensor of the plan; nil where it is none of it.
  func dimensions(of tensor: String) -> [Int]? { plan.tensors.first { $0.name == tensor }?.dimensions }
}
