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
  package func writer() throws(GGUFError) -> GGUFWriter {
    var writer = GGUFWriter()
    setMetadata(&writer)
    for tensor in tensors {
      try writer.addTensor(tensor.name, dimensions: tensor.dimensions, format: tensor.format)
    }
    return writer
  }

  /// Writes the file, a megabyte at a time; it has its name only once it is complete.
  package func write(to path: String, progress: Progress = { _, _ in }) throws {
    let writer = try writer()
    let tensors = tensors
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

/// A tensor of a synthetic model.
private struct SyntheticTensor {
  let name: String
  let dimensions: [Int]
  let format: TensorFormat
  let distribution: RandomTensor.Distribution

  /// A vector is kept in F32, whatever the mix.
  static func vector(_ name: String, _ count: Int, mean: Double, deviation: Double) -> SyntheticTensor {
    SyntheticTensor(
      name: name, dimensions: [count], format: .f32, distribution: .init(mean: mean, deviation: deviation))
  }

  func data(_ words: RandomWords) -> RandomTensor {
    RandomTensor(format: format, elements: dimensions.reduce(1, *), distribution: distribution, words: words)
  }
}

extension SyntheticModel {
  /// In the order in which a forward pass reads them.
  private var tensors: [SyntheticTensor] {
    let (hidden, vocabulary) = (shape.hiddenSize, shape.vocabularySize)
    var result = [matrix("token_embd", hidden, vocabulary, shape.isTied ? .output : .embedding)]
    for layer in 0..<shape.layers { result += tensors(ofLayer: layer) }
    result.append(gains("output_norm", hidden))
    if !shape.isTied { result.append(matrix("output", hidden, vocabulary, .output)) }
    return result
  }

  private func tensors(ofLayer layer: Int) -> [SyntheticTensor] {
    let (hidden, feedForward, prefix) = (shape.hiddenSize, shape.feedForwardSize, "blk.\(layer).")
    let kvSize = shape.headDimension * shape.kvHeads
    let biases = [("q", hidden), ("k", kvSize), ("v", kvSize)].map {
      SyntheticTensor.vector("\(prefix)attn_\($0).bias", $1, mean: 0, deviation: 0.1)
    }
    return [
      gains(prefix + "attn_norm", hidden),
      matrix(prefix + "attn_q", hidden, hidden, .other),
      matrix(prefix + "attn_k", hidden, kvSize, .other),
      matrix(prefix + "attn_v", hidden, kvSize, .attentionValue(layer: layer)),
      matrix(prefix + "attn_output", hidden, hidden, .attentionOutput),
      gains(prefix + "ffn_norm", hidden),
      matrix(prefix + "ffn_gate", hidden, feedForward, .other),
      matrix(prefix + "ffn_up", hidden, feedForward, .other),
      matrix(prefix + "ffn_down", feedForward, hidden, .feedForwardDown(layer: layer)),
    ] + (shape.hasBiases ? biases : [])
  }

  private func matrix(_ name: String, _ columns: Int, _ rows: Int, _ role: FormatMix.Role) -> SyntheticTensor {
    SyntheticTensor(
      name: name + ".weight", dimensions: [columns, rows],
      format: mix.format(role, layers: shape.layers, columns: columns),
      distribution: .init(deviation: 1 / Double(columns).squareRoot()))
  }

  private func gains(_ name: String, _ count: Int) -> SyntheticTensor {
    .vector(name + ".weight", count, mean: 1, deviation: 0.05)
  }
}
