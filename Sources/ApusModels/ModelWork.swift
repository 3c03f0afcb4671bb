package import ApusCore
internal import ApusGGUF
private import ApusSystem

/// What steps of a model must at least move and multiply, from the shapes of its weights.
///
/// Counted are the matmuls of weights, and bytes that come from memory once per step: weights, and the keys and values
/// that attention looks at. Activations stay in caches. Sums are doubles, as sizes in a file may be of any size.
package struct ModelWork: Sendable {
  /// Sums over some of the weights.
  private struct Weights: Sendable {
    var byteCount = 0.0
    var quantizedMultiplyAdds = 0.0
    var denseMultiplyAdds = 0.0

    mutating func add(_ plan: TensorPlan, _ format: TensorFormat, count: Int) {
      let elements = Double(plan.rows) * Double(plan.columns) * Double(count)
      byteCount += elements / Double(format.blockElements) * Double(format.blockByteCount)
      guard plan.rows > 1 || plan.count > 1 else { return }
      if format.isDense {
        denseMultiplyAdds += elements
      } else {
        quantizedMultiplyAdds += elements
      }
    }
  }

  /// A stack of experts, of which each row goes through a few.
  private struct Stack: Sendable {
    /// One expert.
    var expert = Weights()
    let experts: Int
    let used: Int
    let isKept: Bool

    /// Experts that `rows` rows are expected to go through, each choosing as if by chance.
    func touched(rows: Int) -> Double {
      let missed = pow(1 - Double(used) / Double(experts), Double(rows))
      return Double(experts) * (1 - missed)
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
  private var stacks: [Stack] = []
  /// Bytes of a row of each table.
  private var tableRowByteCount = 0.0
  /// Window and bytes of a position by format, for each layer that looks at keys and values.
  private var attended: [(window: Int, byteCounts: [KVFormat: Int])] = []
  /// Bytes that a position takes in the cache, by format.
  private var stored: [KVFormat: Int] = [:]
  /// Bytes of a sequence's recurrent states, which a step reads and writes.
  private let stateByteCount: Double

  init(_ file: GGUFFile, _ configuration: ModelConfiguration) {
    let plan = configuration.plan
    stateByteCount = plan.states.reduce(0.0) { $0 + Double($1) } * Double(MemoryLayout<Float>.size)
    for tensor in plan.tensors {
      guard let format = file.tensor(named: tensor.name)?.format else { continue }
      add(tensor, format)
    }
    for layer in plan.layers {
      guard let layout = layer.mixer.cache?.layout else { continue }
      var byteCounts: [KVFormat: Int] = [:]
      for format in KVFormat.allCases { byteCounts[format] = layout.byteCount(format) ?? 0 }
      attended.append((layer.mixer.window ?? .max, byteCounts))
    }
    for format in KVFormat.allCases {
      // Where a model pools its layers write to one place, each of them.
      let mixers = plan.layers.map(\.mixer).filter { !$0.readsKeysOfOthers }
      stored[format] = mixers.reduce(0) { $0 + ($1.cache?.layout.byteCount(format) ?? 0) }
    }
  }

  private mutating func add(_ tensor: TensorPlan, _ format: TensorFormat) {
    switch tensor.use {
    case .everyRow: common.add(tensor, format, count: tensor.count)
    case .keptRows: final.add(tensor, format, count: tensor.count)
    case .table:
      tableRowByteCount += Double(tensor.columns) / Double(format.blockElements) * Double(format.blockByteCount)
    case .experts(let used, let isKept):
      // Biases lie in rows of one matrix, weights in matrices of one stack.
      let isBias = tensor.kind == .bias
      var stack = Stack(experts: isBias ? tensor.rows : tensor.count, used: used, isKept: isKept)
      var one = tensor
      if isBias { one.rows = 1 }
      stack.expert.add(one, format, count: 1)
      stacks.append(stack)
    }
  }

  /// A step of `rows` tokens that computes the logits of `logitRows` of them, where `contexts` has, for each sequence
  /// of the step, its positions at the end.
  package func step(rows: Int, logitRows: Int, contexts: [Int], format: KVFormat) -> Step {
    let (allRows, finalRows) = (Double(rows), Double(logitRows))
    var weightBytes = common.byteCount + allRows * tableRowByteCount + (logitRows > 0 ? final.byteCount : 0)
    var quantized = allRows * common.quantizedMultiplyAdds + finalRows * final.quantizedMultiplyAdds
    var dense = allRows * common.denseMultiplyAdds + finalRows * final.denseMultiplyAdds
    for stack in stacks {
      let rows = stack.isKept ? logitRows : rows
      weightBytes += stack.touched(rows: rows) * stack.expert.byteCount
      quantized += Double(rows) * Double(stack.used) * stack.expert.quantizedMultiplyAdds
      dense += Double(rows) * Double(stack.used) * stack.expert.denseMultiplyAdds
    }
    var step = Step()
    step.weightByteCount = bounded(weightBytes)
    step.kvByteCount = bounded(kvByteCount(rows: rows, contexts: contexts, format))
    step.quantizedOperations = bounded(2 * quantized)
    step.denseOperations = bounded(2 * dense)
    return step
  }

  /// What rows write and what they look at: together that of their windows, which lie side by side; and the recurrent
  /// states of their sequences.
  private func kvByteCount(rows: Int, contexts: [Int], _ format: KVFormat) -> Double {
    var bytes = Double(rows) * Double(stored[format] ?? 0) + 2 * Double(contexts.count) * stateByteCount
    let further = max(1, rows / max(1, contexts.count)) - 1
    for layer in attended {
      let positions = contexts.reduce(0.0) { $0 + min(Double($1), Double(layer.window) + Double(further)) }
      bytes += positions * Double(layer.byteCounts[format] ?? 0)
    }
    return bytes
  }
}

/// A sum as an integer, bounded so that sums over thousands of steps do not overflow either.
private func bounded(_ sum: Double) -> Int { Int(min(sum, 0x1p51)) }
