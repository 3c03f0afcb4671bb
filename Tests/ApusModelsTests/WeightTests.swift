internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct `A model's tensors` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  private func load(_ file: TinyFile, verifies: Bool = false) throws -> LoadedModel {
    try file.write(to: path)
    var options = LanguageModel.Options()
    options.verifiesWeights = verifies
    return try loadModel(path: path, backend: makeBackend(threads: 1), options: options)
  }

  /// Expects that `file` is refused because of tensor `name`.
  private func expectRefusal(
    of name: String, _ file: TinyFile, kind: GGUFError.Kind, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) { try load(file) }
    guard case .file(let error) = error else {
      Issue.record("\(error.map(String.init(describing:)) ?? "no error")", sourceLocation: sourceLocation)
      return
    }
    #expect(error.subject == .tensor(name) && error.kind == kind, sourceLocation: sourceLocation)
  }

  static let needed = [
    "token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.1.attn_q.weight", "blk.0.attn_k.weight",
    "blk.0.attn_v.weight", "blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight",
    "blk.0.ffn_up.weight", "blk.1.ffn_down.weight",
  ]

  @Test(arguments: needed)
  func `are all there`(name: String) {
    expectRefusal(of: name, TinyFile(omissions: [name]), kind: .missing)
  }

  @Test(arguments: needed + ["output.weight"])
  func `have exactly the shape that the configuration says`(name: String) throws {
    let tensor = try #require(TinyModel().writer().tensors.first { $0.name == name })
    let changes: [(inout [Int]) -> Void] = [
      { $0[0] += 1 }, { $0[0] -= 1 }, { $0[$0.count - 1] *= 2 }, { $0.append(2) }, { $0 = [$0.reduce(1, *) + 1] },
    ]
    for change in changes {
      var dimensions = tensor.dimensions
      change(&dimensions)
      expectRefusal(of: name, TinyFile(replacements: [name: (dimensions, tensor.type)]), kind: .malformed)
    }
    let trailing = TinyFile(replacements: [name: (tensor.dimensions + [1], tensor.type)])
    #expect(throws: Never.self) { try load(trailing) }
  }

  @Test(arguments: [24, 26, 28, 15, 9] as [UInt32])
  func `in formats without kernels are refused`(type: UInt32) throws {
    let type = try #require(GGUFTensorType(id: type))
    let name = "blk.0.attn_q.weight"
    var file = TinyFile(replacements: [name: ([256, 16], type)])
    expectRefusal(of: name, file, kind: .unsupported)
    file = TinyFile(replacements: ["output_norm.weight": ([256], type)])
    expectRefusal(of: "output_norm.weight", file, kind: .unsupported)
  }

  @Test(arguments: [TensorFormat.q8_0, .q4_0])
  func `of norms and biases are dense`(format: TensorFormat) {
    expectRefusal(
      of: "blk.0.attn_norm.weight", TinyFile(replacements: ["blk.0.attn_norm.weight": ([64], .supported(format))]),
      kind: .malformed)
    let bias = TinyFile(change: { try $0.addTensor("blk.1.attn_q.bias", dimensions: [64], format: format) })
    expectRefusal(of: "blk.1.attn_q.bias", bias, kind: .malformed)
  }

  @Test(arguments: [
    "blk.2.attn_q.weight", "blk.0.attn_q_norm.weight", "blk.0.ffn_gate_inp.weight", "position_embd.weight",
  ])
  func `that the architecture does not have are refused`(name: String) {
    let file = TinyFile(change: { try $0.addTensor(name, dimensions: [64], format: .f32) })
    expectRefusal(of: name, file, kind: .unsupported)
  }

  @Test(arguments: [Float.nan, .infinity, 0, -1])
  func `that divide frequencies are finite and positive`(value: Float) {
    let name = "rope_freqs.weight"
    let file = TinyFile(
      change: { try $0.addTensor(name, dimensions: [8], format: .f32) },
      data: { tensor, bytes in
        if tensor == name { bytes = [1, 1, 1, value, 1, 1, 1, 1].flatMap { (value: Float) in value.bytes } }
      })
    expectRefusal(of: name, file, kind: .malformed)
  }

  @Test(arguments: ["blk.0.attn_q.scale", "output.scale"], [Float(0), -0.0, 0.5])
  func `that are factors are not zero`(name: String, value: Float) throws {
    let file = TinyFile(
      change: { try $0.addTensor(name, dimensions: [1], format: .f32) },
      data: { tensor, bytes in if tensor == name { bytes = value.bytes } })
    guard value == 0 else {
      _ = try load(file)
      return
    }
    let error = #expect(throws: ModelError.self) { try load(file) }
    guard case .backend(.lostBytes(name, _, path)) = error else {
      Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
      return
    }
  }

  @Test(arguments: needed + ["output.weight"], [Float.nan, .infinity])
  func `that are not finite are found by loading with verification and by a check`(name: String, value: Float) throws {
    let file = TinyFile(data: { tensor, bytes in
      if tensor == name { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: value.bytes) }
    })
    let error = #expect(throws: ModelError.self) { try load(file, verifies: true) }
    guard case .backend(.nonFiniteWeight(name, _, path)) = error else {
      Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
      return
    }
    #expect(throws: ModelError.self) { try checkModel(path: path, backend: makeBackend(threads: 2)) }
  }

  @Test(arguments: needed.dropFirst() + ["output.weight"])
  func `that are not finite are an error where they are first used`(name: String) throws {
    let file = TinyFile(data: { tensor, bytes in
      if tensor == name { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: Float.nan.bytes) }
    })
    let loaded = try load(file)
    let runner = try ModelRunner(loaded.file, makeBackend(), positions: 32)
    let error = #expect(throws: BackendError.self) { try runner.logits([1, 2, 3]) }
    guard case .nonFiniteWeight(name, _, path) = error else {
      Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
      return
    }
  }

  @Test func `that are finite pass the check, in every format`() throws {
    for format in TensorFormat.allCases {
      var model = TinyModel()
      (model.hiddenSize, model.feedForwardSize, model.format) = (256, 512, format)
      try model.write(to: path)
      var lastReport = (loaded: 0, total: -1)
      let loaded = try checkModel(path: path, backend: makeBackend()) { lastReport = ($0, $1) }
      #expect(lastReport.loaded == lastReport.total)
      guard case .text(model.chatTemplate) = loaded.chatTemplate else { Issue.record("no template"); return }
      #expect(loaded.vocabulary.count == loaded.configuration.vocabularySize)
    }
  }

  @Test func `with weights so large that nothing is finite fail the check`() {
    let file = TinyFile(data: { tensor, bytes in
      guard tensor == "output.weight" else { return }
      bytes = (0..<bytes.count / 4).flatMap { _ in Float.greatestFiniteMagnitude.bytes }
    })
    #expect(throws: ModelError.self) {
      try file.write(to: path)
      _ = try checkModel(path: path, backend: makeBackend())
    }
  }
}

extension Float {
  /// As a file holds it.
  fileprivate var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: bitPattern >> (8 * UInt32($0))) } }
}
