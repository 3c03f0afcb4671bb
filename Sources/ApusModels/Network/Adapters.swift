internal import ApusCore
internal import ApusGGUF

/// An adapter that a sequence is computed with, and its factor.
package struct AdapterUse: Sendable, Hashable {
  /// Which of the model's adapters.
  package let number: Int
  package let scale: Float

  package init(_ number: Int, scale: Float) {
    self.number = number
    self.scale = scale
  }
}

/// The adapters of a network, and room for what they add to its projections.
final class Adapters {
  /// Two matrices of low rank beside a projection: `y += scale · factor · (x · aᵀ) · bᵀ` (LoRA, arXiv:2106.09685).
  struct Pair {
    /// `[rank, columns]`, for the columns of the projection.
    let a: Weight
    /// `[rows, rank]`, for the rows of the projection.
    let b: Weight
    /// Alpha by the rank.
    let factor: Float
  }

  /// For each adapter the pair of each projection, by its number; nil where it changes nothing.
  private let pairs: [[Pair?]]
  private let room: AdapterRoom

  /// Takes the pairs of all `files` into use, for steps of `rows` rows; nil without files.
  init?(
    _ files: [AdapterFile], of model: GGUFFile, _ configuration: ModelConfiguration, _ weights: WeightMap, rows: Int
  ) throws(ModelError) {
    if files.isEmpty { return nil }
    var pairs: [[Pair?]] = []
    for file in files {
      pairs.append(try file.pairs(for: weights.projections, of: model, configuration, weights.backend))
    }
    self.pairs = pairs
    do throws(BackendError) {
      room = try AdapterRoom(
        AdapterRoom.Size(configuration.plan, rows: rows, rank: AdapterFile.rank(of: files)), weights.backend)
    } catch {
      throw .backend(error)
    }
  }

  /// The adapters of a step whose rows are of `sequences`, which use those; nil where none uses any.
  func step(_ uses: [[AdapterUse]], _ sequences: [Int32], _ backend: any Backend) -> StepAdapters? {
    if uses.allSatisfy(\.isEmpty) { return nil }
    for uses in uses {
      precondition(uses.allSatisfy { pairs.indices.contains($0.number) }, "an adapter that the model does not have")
      precondition(zip(uses, uses.dropFirst()).allSatisfy { $0.number < $1.number }, "adapters out of order")
    }
    return StepAdapters(pairs, room, uses, sequences, backend)
  }
}

/// What adapters add in one step: to each row what its own sequence uses, in the order of the adapters' numbers.
final class StepAdapters {
  /// Rows that an adapter has to do with, among those that operations work on now, and its factor for each.
  private struct Group {
    let adapter: Int
    var rows: [Int] = []
    var scales: [Float] = []
  }

  private let pairs: [[Adapters.Pair?]]
  private let room: AdapterRoom
  private let backend: any Backend
  /// The adapters of each sequence, and the sequence of each row of the batch.
  private let uses: [[AdapterUse]]
  private let sequences: [Int32]
  private var groups: [Group] = []

  init(
    _ pairs: [[Adapters.Pair?]], _ room: AdapterRoom, _ uses: [[AdapterUse]], _ sequences: [Int32],
    _ backend: any Backend
  ) {
    (self.pairs, self.room, self.uses, self.sequences, self.backend) = (pairs, room, uses, sequences, backend)
    take(rows: sequences.indices)
  }

  /// Goes on with some rows of the batch.
  func take(rows: some Collection<Int>) {
    var groups = pairs.indices.map { Group(adapter: $0) }
    for (index, row) in rows.enumerated() {
      for use in uses[Int(sequences[row])] {
        groups[use.number].rows.append(index)
        groups[use.number].scales.append(use.scale)
      }
    }
    self.groups = groups.filter { !$0.rows.isEmpty }
  }

  /// Adds what adapters make of `x` to the results of projections that read it.
  func add(to results: [Buffer], of projections: [Projection], from x: Buffer) {
    for group in groups {
      let pairs = zip(projections, results).compactMap { projection, y in
        self.pairs[group.adapter][projection.number].map { (pair: $0, y: y) }
      }
      guard !pairs.isEmpty else { continue }
      let inner = room.inner(pairs.map(\.pair.a.rows), rows: group.rows.count)
      backend.matmul(input(group.rows, of: x), pairs.map(\.pair.a), into: inner)
      for ((pair, y), inner) in zip(pairs, inner) {
        let result = room.result(rows: group.rows.count, columns: y.columns)
        backend.matmul(inner, [pair.b], into: [result])
        backend.add(result, to: y, rows: group.rows, factors: group.scales.map { $0 * pair.factor })
      }
    }
  }

  /// Some rows of x, side by side.
  private func input(_ rows: [Int], of x: Buffer) -> Buffer {
    if rows.count == x.rows { return x }
    let input = room.input(rows: rows.count, columns: x.columns)
    backend.gather(x, rows: rows, into: input)
    return input
  }
}

/// The buffers that adapters are computed in.
final class AdapterRoom {
  /// Projections that read the same activations, at most: query, key and value.
  private static let projections = 3

  /// Values in each buffer at most.
  struct Size {
    let input: Int
    let inner: Int
    let result: Int

    /// For steps of `rows` rows, and matrices of at most this rank; sums saturate.
    init(_ plan: NetworkPlan, rows: Int, rank: Int) {
      let logitRows = min(rows, ActivationArena.logitRows)
      var (input, result) = (0, 0)
      for tensor in plan.tensors where tensor.count == 1 && tensor.use != .table {
        let rows = tensor.kind == .vocabulary ? logitRows : rows
        input = max(input, product(rows, tensor.columns))
        result = max(result, product(rows, tensor.rows))
      }
      (self.input, self.result, inner) = (input, result, product(rows, rank))
    }

    /// Bytes of all of them.
    var byteCount: Int {
      let values = [input, result].reduce(product(AdapterRoom.projections, inner)) { sum($0, $1) }
      return product(values, MemoryLayout<Float>.size)
    }
  }

  private let inputs: Buffer
  private let inners: [Buffer]
  private let results: Buffer

  init(_ size: Size, _ backend: any Backend) throws(BackendError) {
    inputs = try backend.makeBuffer(rows: 1, columns: size.input)
    results = try backend.makeBuffer(rows: 1, columns: size.result)
    inners = try (0..<Self.projections).map { _ throws(BackendError) in
      try backend.makeBuffer(rows: 1, columns: size.inner)
    }
  }

  func input(rows: Int, columns: Int) -> Buffer {
    inputs.reshape(rows: rows, columns: columns)
    return inputs
  }

  func result(rows: Int, columns: Int) -> Buffer {
    results.reshape(rows: rows, columns: columns)
    return results
  }

  /// A buffer for each of these ranks.
  func inner(_ ranks: [Int], rows: Int) -> [Buffer] {
    precondition(ranks.count <= inners.count, "more projections of the same activations than there is room for")
    return zip(inners, ranks).map { inner, rank in
      inner.reshape(rows: rows, columns: rank)
      return inner
    }
  }
}

/// The product and the sum, or the largest number where that is too small.
private func product(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max : product
}

private func sum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? .max : sum
}
