package import ApusCore
internal import ApusGGUF

/// What steps of a model must at least move and multiply, from the shapes of its weights.
///
/// Counted are the matmuls of weights, and bytes that come from memory once per step: weights, and the keys and values
/// that attention looks at. Activations stay in caches.
package struct ModelWork: Sendable {
  /// Sums over some of the weights.
  private struct Weights: Sendable {
    var byteCount = 0
    var quantizedMultiplyAdds = 0
    var denseMultiplyAdds = 0

    mutating func add(_ tensor: GGUFTensor) {
      byteCount += tensor.byteCount
      guard tensor.rows > 1 else { return }
      if tensor.format?.isDense == false {
        quantizedMultiplyAdds += tensor.elementCount
      } else {
        denseMultiplyAdds += tensor.elementCount
      }
    }
  }

  /// One step, or several added up.
  package struct Step: Sendable, Equatable {
    package var weightByteCount = 0
    package var kvByteCount = 0
    /// Operations with weights in quant blocks, where a multiplication and its addition are two.
    package var quantizedOperations = 0
    /// The same with F32, F16 and BF16 weights.
    package var denseOperations = 0

    package var byteCount: Int { weightByteCount + kvByteCount }
    package var operations: Int { quantizedOperations + denseOperations }

    package init() {}

    package static func += (sum: inout Step, step: Step) {
      sum.weightByteCount += step.weightByteCount
      sum.kvByteCount += step.kvByteCount
      sum.quantizedOperations += step.quantizedOperations
      sum.denseOperations += step.denseOperations
    }
  }

  /// Weights that every row of a step goes through.
  private var common = Weights()
  /// Weights that only rows go through whose logits are wanted.
  private var final = Weights()
  private let embeddingRowByteCount: Int
  private let window: Int
  /// Bytes of one position's keys and values, by format.
  private var positionByteCounts: [KVFormat: Int] = [:]

  init(_ file: GGUFFile, _ configuration: ModelConfiguration) {
    let isTied = file.tensor(named: "output.weight") == nil
    // As the forward pass has it: behind the last attention, rows without logits are done.
    let finalNames = ["blk.\(configuration.layers - 1).ffn_", "output"] + (isTied ? ["token_embd."] : [])
    for tensor in file.tensors {
      if finalNames.contains(where: tensor.name.hasPrefix) {
        final.add(tensor)
      } else if !tensor.name.hasPrefix("token_embd.") {
        common.add(tensor)
      }
    }
    let embedding = file.tensor(named: "token_embd.weight")
    embeddingRowByteCount = embedding.map { $0.byteCount / $0.rows } ?? 0
    window = configuration.slidingWindow ?? .max
    for format in KVFormat.allCases {
      let positions = KVCacheLayout.blockPositions
      let block = configuration.kvCacheLayout(format: format, positions: positions)?.byteCount
      positionByteCounts[format] = (block ?? 0) / positions
    }
  }

  /// A step of `rows` tokens that computes the logits of `logitRows` of them, where `contexts` has, for each sequence
  /// of the step, its positions at the end.
  package func step(rows: Int, logitRows: Int, contexts: [Int], format: KVFormat) -> Step {
    var step = Step()
    step.weightByteCount = common.byteCount + rows * embeddingRowByteCount + (logitRows > 0 ? final.byteCount : 0)
    let positions = contexts.reduce(rows) { $0 + min($1, window) }
    step.kvByteCount = positions * (positionByteCounts[format] ?? 0)
    step.quantizedOperations = 2 * (rows * common.quantizedMultiplyAdds + logitRows * final.quantizedMultiplyAdds)
    step.denseOperations = 2 * (rows * common.denseMultiplyAdds + logitRows * final.denseMultiplyAdds)
    return step
  }
}
