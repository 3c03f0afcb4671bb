internal import ApusCore
package import ApusGGUF

/// A model of a published shape with random weights, for measuring speed and memory without its real weights.
///
/// Each matrix has weights of mean zero and of a variance of one over its columns, norms have gains near one: so
/// activations and logits are of ordinary size through all layers. The bytes are a function of shape, mix and seed.
package struct SyntheticModel: Sendable {
  /// Called with the bytes of weights written so far and of all; what it throws ends the writing.
  package typealias Progress = (_ writtenBytes: Int, _ totalBytes: Int) throws -> Void

  package let shape: ModelShape
  package let mix: FormatMix
  package let seed: UInt64

  package init(_ shape: ModelShape, _ mix: FormatMix, seed: UInt64) {
    self.shape = shape
    self.mix = mix
    self.seed = seed
  }

  /// Metadata and tensor entries of the file.
  package func writer() throws -> GGUFWriter {
    var writer = GGUFWriter()
    setMetadata(&writer)
    for tensor in try tensors() {
      try writer.addTensor(tensor.name, dimensions: tensor.dimensions, format: tensor.format)
    }
    return writer
  }

  /// Writes the file, a megabyte at a time; it has its name only once it is complete.
  package func write(to path: String, progress: Progress = { _, _ in }) throws {
    let writer = try writer()
    let tensors = try tensors()
    let total = writer.tensors.reduce(0) { $0 + $1.byteCount }
    var written = 0
    try writer.write(to: path) { index, emit in
      try tensors[index].data(RandomWords(seed: seed, stream: index)).forEachPiece { piece in
        try emit(piece)
        written += piece.count
        try progress(written, total)
      }
    }
  }
}

extension SyntheticModel {
  /// The tensors of the network's plan, in the order in which a step reads them.
  private func tensors() throws -> [SyntheticTensor] {
    var names: Set<String> = []
    return try plan().tensors.filter { names.insert($0.name).inserted }.map { SyntheticTensor($0, mix, shape) }
  }

  /// The plan that the architecture makes of the metadata.
  private func plan() throws -> NetworkPlan {
    var writer = GGUFWriter()
    setMetadata(&writer)
    let bytes = try writer.bytes { _, _ in }
    let file = try GGUFFile(MappedFile(bytes: bytes, path: shape.name))
    return try ModelConfiguration(file.metadata, tensors: shape).plan
  }
}

/// A tensor of a synthetic model.
private struct SyntheticTensor {
  let name: String
  let dimensions: [Int]
  let format: TensorFormat
  private let distribution: RandomTensor.Distribution

  /// Vectors, tables of them, and what chooses experts or streams are kept in F32, whatever the mix.
  init(_ plan: TensorPlan, _ mix: FormatMix, _ shape: ModelShape) {
    name = plan.name
    let last = plan.dimensions.lastIndex { $0 != 1 } ?? 0
    dimensions = Array(plan.dimensions[...last])
    switch plan.kind {
    case .gain:
      format = .f32
      distribution = .init(mean: 1, deviation: 0.05)
    case .bias:
      format = .f32
      distribution = .init(mean: 0, deviation: 0.1)
    case .matrix, .vocabulary:
      format =
        Self.keptFormat(plan.name, mix)
        ?? mix.format(
          .init(plan.name, mix, isTied: !shape.contains("output.weight")), layers: shape.layers, columns: plan.columns)
      distribution = .init(deviation: 1 / Double(plan.columns).squareRoot())
    }
  }

  /// The format of a matrix that is not quantized; nil for others.
  private static func keptFormat(_ name: String, _ mix: FormatMix) -> TensorFormat? {
    let name = ModelShape.withoutLayer(name)
    if inF32.contains(name) { return .f32 }
    return inHalves.contains(name) ? mix == .f32 ? .f32 : .f16 : nil
  }

  private static let inF32: Set = [
    "position_embd.weight", "token_types.weight", "ffn_gate_inp.weight", "ffn_gate_inp_shexp.weight",
    "altup_router.weight", "altup_predict_coef.weight", "altup_correct_coef.weight", "shortconv.conv.weight",
  ]
  private static let inHalves: Set = [
    "altup_proj.weight", "altup_unembd_proj.weight", "per_layer_model_proj.weight", "laurel_l.weight",
    "laurel_r.weight",
  ]

  func data(_ words: RandomWords) -> RandomTensor {
    RandomTensor(format: format, elements: dimensions.reduce(1, *), distribution: distribution, words: words)
  }
}

extension FormatMix.Role {
  /// What a matrix of that name is for; the token embedding of a tied model serves as output.
  fileprivate init(_ name: String, _ mix: FormatMix, isTied: Bool) {
    let layer = ModelShape.layer(of: name) ?? 0
    switch ModelShape.withoutLayer(name) {
    case "output.weight": self = .output
    case "token_embd.weight": self = isTied ? .output : .embedding
    case "attn_v.weight": self = .attentionValue(layer: layer)
    case "attn_output.weight": self = .attentionOutput
    case let name where name.hasSuffix("_exps.weight") && mix == .mxfp4_moe: self = .experts
    case "ffn_down.weight", "ffn_down_exps.weight": self = .feedForwardDown(layer: layer)
    default: self = .other
    }
  }
}
