package import ApusCore
package import ApusGGUF

/// What a model takes in memory, in bytes, computed without loading it.
package struct ModelFootprint: Sendable, Equatable {
  /// What one wants to do with the model.
  package struct Use: Sendable {
    /// Positions of each sequence.
    package var context: Int
    /// Sequences at the same time.
    package var slots = 1
    /// State slots of a model with recurrent layers; nil for one for each sequence.
    package var stateSlots: Int?
    /// Whether an engine runs the sequences: it has a state slot more for each KV block, for a snapshot at its end, and
    /// in windowed layers it keeps no more than their window and a share for texts to come.
    package var isInEngine = false
    package var format = KVFormat.f16
    /// Tokens that one step processes at most; a model that pools takes a whole context in one step.
    package var maxBatchRows = LanguageModel.Options().maxBatchRows

    /// Adapters that are loaded beside it.
    package var adapters: [AdapterFile] = []

    package init(context: Int) { self.context = context }

    /// The shape of the KV cache; nil where a count is negative or overflows.
    fileprivate func layout(_ configuration: ModelConfiguration) -> KVCacheLayout? {
      let blocks = KVCacheLayout.blocks(forPositions: context).multipliedReportingOverflow(by: slots)
      let snapshots = slots.addingReportingOverflow(isInEngine ? blocks.partialValue : 0)
      guard !blocks.overflow, !snapshots.overflow else { return nil }
      let windowBlocks = configuration.windowBlocks(
        besides: blocks.partialValue, context: context, sequences: slots, batchRows: maxBatchRows)
      return configuration.kvCacheLayout(
        format: format, positions: context, slots: slots, windowBlocks: isInEngine ? windowBlocks : nil,
        stateSlots: stateSlots ?? snapshots.partialValue)
    }
  }

  /// All tensors: as many bytes as in the file, whose own pages are used where it is mapped.
  package let weights: Int
  /// Keys and values of all KV blocks, and recurrent states.
  package let kvCache: Int
  /// Buffers of a step, and what a backend needs beside them (an estimate).
  package let activations: Int
  /// Files of adapters, and buffers for what they add.
  package let adapters: Int

  package let total: Int

  /// Nil where the KV format cannot store heads of this size, a count is not positive, or the sum overflows.
  package init?(_ file: GGUFFile, _ configuration: ModelConfiguration, _ use: Use) {
    guard use.context > 0, use.slots > 0, use.maxBatchRows > 0 else { return nil }
    let rows = configuration.needsWholeSequences ? use.context : use.maxBatchRows
    guard let kvCache = use.layout(configuration)?.byteCount,
      let activations = configuration.activationByteCount(rows: rows),
      let adapters = Self.byteCount(of: use.adapters, configuration, rows: rows)
    else { return nil }
    weights = file.tensors.reduce(0) { $0 + $1.byteCount }
    (self.kvCache, self.activations, self.adapters) = (kvCache, activations, adapters)
    guard let total = Self.sum([weights, activations, adapters, kvCache]) else { return nil }
    self.total = total
  }

  private static func byteCount(of files: [AdapterFile], _ configuration: ModelConfiguration, rows: Int) -> Int? {
    if files.isEmpty { return 0 }
    let room = AdapterRoom.Size(configuration.plan, rows: rows, rank: AdapterFile.rank(of: files))
    return sum(files.map(\.byteCount) + [room.byteCount])
  }

  private static func sum(_ byteCounts: [Int]) -> Int? {
    var total = 0
    for byteCount in byteCounts {
      let (sum, overflow) = total.addingReportingOverflow(byteCount)
      if overflow { return nil }
      total = sum
    }
    return total
  }

  /// The largest context that fits `budget` bytes, in whole KV blocks and at most what the model was trained for.
  ///
  /// 0 where none fits, nil where the rest of `use` is not possible at all. Its own context is not looked at.
  package static func largestContext(
    _ file: GGUFFile, _ configuration: ModelConfiguration, _ use: Use, budget: Int
  ) -> Int? {
    var use = use
    func total(_ blocks: Int) -> Int? {
      use.context = min(configuration.contextLength, blocks * KVCacheLayout.blockPositions)
      return ModelFootprint(file, configuration, use)?.total
    }
    guard let least = total(1) else { return nil }
    guard least <= budget else { return 0 }
    // What fits, and what does not or is not wanted; more context never takes less.
    var (fits, tooMany) = (1, KVCacheLayout.blocks(forPositions: configuration.contextLength) + 1)
    while tooMany - fits > 1 {
      let middle = (fits + tooMany) / 2
      if let needed = total(middle), needed <= budget { fits = middle } else { tooMany = middle }
    }
    return min(configuration.contextLength, fits * KVCacheLayout.blockPositions)
  }
}

extension ModelFootprint {
  /// How many sequences of `use`'s context fit `budget` bytes at the same time; 0 where none does, nil where the rest
  /// of `use` is not possible at all.
  package static func mostSlots(
    _ file: GGUFFile, _ configuration: ModelConfiguration, _ use: Use, budget: Int
  ) -> Int? {
    var use = use
    use.slots = 1
    guard let one = ModelFootprint(file, configuration, use) else { return nil }
    let (room, overflow) = budget.subtractingReportingOverflow(one.total)
    return overflow || room < 0 ? 0 : 1 + room / max(1, one.kvCache)
  }
}

extension ModelConfiguration {
  /// Bytes of a step's buffers for `rows` tokens and of a backend's int8 form of the widest; nil where they overflow.
  fileprivate func activationByteCount(rows: Int) -> Int? {
    let columns = plan.columns.values.reduce(0, +) + plan.ropes.reduce(0) { $0 + $1.configuration.dimensions }
    let widest = plan.tensors.filter { $0.use != .table }.map(\.columns).max() ?? 0
    // Codes of one byte, and scales and sums for each 32 and 16 of them: 1.5 bytes a value.
    let rowBytes = columns * MemoryLayout<Float>.size + widest + widest / 2 + plan.expertByteCount
    let logitBytes = (plan.resultInputColumns + plan.resultColumns) * MemoryLayout<Float>.size
    let (buffers, overflow) = rows.multipliedReportingOverflow(by: rowBytes)
    let (total, totalOverflow) = buffers.addingReportingOverflow(min(rows, ActivationArena.logitRows) * logitBytes)
    return overflow || totalOverflow ? nil : total
  }
}

extension NetworkPlan {
  /// Bytes that a row needs in the routed layer that needs most: inner values and results of its experts.
  fileprivate var expertByteCount: Int {
    layers.compactMap(\.feedForward.experts).map { plan in
      plan.rule.used * (2 * plan.up.rows + plan.down.rows) * MemoryLayout<Float>.size
    }.max() ?? 0
  }
}
