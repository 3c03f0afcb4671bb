internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusReference
internal import ApusTestSupport
internal import Testing

@Suite struct `An adapter file is refused` {
  private let folder: TemporaryFolder
  private var path: String { folder.path("adapter.gguf") }

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.path("base.gguf"))
  }

  /// Loads the file at `path` beside the tiny model.
  private func load() throws {
    var options = LanguageModel.Options()
    options.adapters = [try AdapterFile(path: path)]
    let file = try GGUFFile.open(path: folder.path("base.gguf"))
    _ = try LanguageModel(file, backend: ReferenceBackend(), options: options)
  }

  private func expectRefusal(_ parts: String...) {
    let error = #expect(throws: ModelError.self) { try load() }
    let text = error?.description ?? ""
    for part in parts { #expect(text.contains(part), "\(text)") }
  }

  @Test func `that is well is not`() throws {
    try TinyAdapter().write(to: path)
    try load()
  }

  @Test func `that was never trained is not`() throws {
    try TinyAdapter().write(to: path) { name, bytes in
      if name.hasSuffix("lora_b") { bytes = [UInt8](repeating: 0, count: bytes.count) }
    }
    try load()
  }

  @Test(arguments: [
    ("general.type", "model"), ("adapter.type", "control"), ("general.architecture", "qwen2"),
  ])
  func `with another kind in its metadata`(key: String, value: String) throws {
    var writer = try TinyAdapter().writer()
    writer.set(key, value)
    try TinyAdapter().write(writer, to: path)
    expectRefusal(key, "'\(value)'")
  }

  @Test func `that is a model`() throws {
    try TinyModel().write(to: path)
    expectRefusal("general.type")
  }

  @Test(arguments: [Float(0), -1, .nan, .infinity])
  func `with an alpha that scales nothing`(alpha: Float) throws {
    var adapter = try TinyAdapter()
    adapter.alpha = alpha
    try adapter.write(to: path)
    expectRefusal("adapter.lora.alpha", "above 0", "\(alpha)")
  }

  @Test func `without alpha`() throws {
    let adapter = try TinyAdapter()
    var writer = GGUFWriter()
    writer.set("general.architecture", "llama")
    writer.set("general.type", "adapter")
    writer.set("adapter.type", "lora")
    for tensor in try adapter.writer().tensors {
      try writer.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type)
    }
    try adapter.write(writer, to: path)
    expectRefusal("adapter.lora.alpha", "missing")
  }

  @Test func `with a key that nobody reads`() throws {
    var writer = try TinyAdapter().writer()
    writer.set("adapter.alora.invocation_tokens", array: [UInt32(5)])
    try TinyAdapter().write(writer, to: path)
    expectRefusal("adapter.alora.invocation_tokens")
  }

  @Test(arguments: [
    ("blk.0.attn_norm.weight", [64, 4], "projections only"), ("token_embd.weight", [64, 4], "projections only"),
    ("blk.9.attn_q.weight", [64, 4], "does not have"), ("blk.0.attn_q", [64, 4], "does not have"),
  ])
  func `that changes what is no projection`(name: String, dimensions: [Int], reason: String) throws {
    var writer = try TinyAdapter().writer()
    try writer.addTensor(name + ".lora_a", dimensions: dimensions, format: .f32)
    try writer.addTensor(name + ".lora_b", dimensions: dimensions.reversed(), format: .f32)
    try TinyAdapter().write(writer, to: path)
    expectRefusal(name, reason)
  }

  @Test func `with a tensor of another name`() throws {
    var writer = try TinyAdapter().writer()
    try writer.addTensor("blk.0.attn_q.weight", dimensions: [64], format: .f32)
    try TinyAdapter().write(writer, to: path)
    expectRefusal("'blk.0.attn_q.weight'", ".lora_a")
  }

  /// Writes an adapter of one matrix with these tensors.
  private func write(_ tensors: [(suffix: String, dimensions: [Int], format: TensorFormat)]) throws {
    var adapter = try TinyAdapter()
    adapter.targets = []
    var writer = try adapter.writer()
    for tensor in tensors {
      try writer.addTensor("blk.0.attn_k.weight" + tensor.suffix, dimensions: tensor.dimensions, format: tensor.format)
    }
    try adapter.write(writer, to: path)
  }

  @Test(arguments: [".lora_a", ".lora_b"]) func `with half of a pair`(suffix: String) throws {
    try write([(suffix, suffix == ".lora_a" ? [64, 4] : [4, 32], .f32)])
    expectRefusal("blk.0.attn_k.weight.lora_" + (suffix == ".lora_a" ? "b" : "a"), "missing")
  }

  @Test(arguments: [
    ([32, 4], [4, 32], "lora_a", "[64, 4]"), ([64, 4], [4, 64], "lora_b", "[4, 32]"),
    ([64, 4], [5, 32], "lora_b", "[4, 32]"), ([4, 64], [32, 4], "lora_a", "[64, 64]"),
    ([64, 4, 2], [4, 32], "lora_a", "[64, 4, 2]"), ([64, 5000], [5000, 32], "lora_a", "4096"),
  ])
  func `with another shape than its model's`(a: [Int], b: [Int], tensor: String, expected: String) throws {
    try write([(".lora_a", a, .f32), (".lora_b", b, .f32)])
    expectRefusal("blk.0.attn_k.weight." + tensor, expected)
  }

  @Test func `with another format`() throws {
    try write([(".lora_a", [64, 32], .q4_0), (".lora_b", [32, 32], .f32)])
    expectRefusal("blk.0.attn_k.weight.lora_a", "Q4_0")
  }

  @Test(arguments: ["blk.1.ffn_down.weight.lora_a", "blk.0.attn_v.weight.lora_b"])
  func `with a value that is no number`(tensor: String) throws {
    try TinyAdapter().write(to: path) { name, bytes in
      if name == tensor { bytes.replaceSubrange(8..<12, with: Float.nan.littleEndianBytes) }
    }
    expectRefusal(tensor, "finite")
  }

  @Test func `that was cut anywhere`() throws {
    let writer = try TinyAdapter().writer()
    let bytes = try writer.bytes { index, emit in
      try emit([UInt8](repeating: 0, count: writer.tensors[index].byteCount).span)
    }
    for count in stride(from: 0, to: bytes.count, by: 97) {
      try folder.write(Array(bytes[..<count]), to: "adapter.gguf")
      #expect(throws: ModelError.self) { try load() }
    }
  }
}
